/** Requests of ingest and dispatch, which change no connection themselves. They count once the topic holds them; control makes the change. */
import type { Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { topics } from '../../../topology.ts'
import type { ConnectionRequest } from '../../model/connection-record.ts'

/** @throws DependencyError */
export type SendRequest = (request: ConnectionRequest) => Promise<void>

/** @param producer signs what it sends */
export const requestSender =
  (producer: Pick<Producer, 'send'>, codec: Pick<Codec, 'encode'>): SendRequest =>
  (request) =>
    producer.send([
      {
        topic: topics.connectionRequests.name,
        key: request.connectionId,
        value: codec.encode('connectionRequests', request),
      },
    ])
