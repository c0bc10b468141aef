/** Wires the erasure of state to Kafka and Redis. */

import { RedisRuleStates } from '../../keywords/rule-state/store.ts'
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Clock, RedisCommands, Timers } from '../../runtime/ports.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { ConnectionWriter } from '../../shared/connections/writer.ts'
import { RedisConversationStore } from '../../shared/conversations/store.ts'
import { type ErasingTools, eraseConversations } from '../../tools/persons/erase-conversations.ts'
import { StateErasure } from './state-erasure.ts'

/** It never writes a state, so no time to live counts. */
const noTtl = 0

interface Tools extends Omit<ErasingTools, 'store' | 'ruleStates'> {
  readonly directory: ConnectionDirectory
  readonly writer: ConnectionWriter
  readonly redis: RedisCommands
  readonly clock: Clock & Timers
  readonly log: Pick<Logger, 'warn'>
}

export const openStateErasure = ({ directory, writer, redis, clock, log, ...kafka }: Tools): StateErasure => {
  const store = new RedisConversationStore(redis, noTtl)
  const ruleStates = new RedisRuleStates(redis, noTtl)
  return new StateErasure({
    ...{ directory, writer, redis, clock },
    erase: (isErased) => eraseConversations(isErased, { ...kafka, store, ruleStates }),
    onError: (error) =>
      log.warn(errorFacts(error), 'state of an ended consent was not erased; tried again in a minute'),
  })
}
