/** Puts the stages of live traffic together for one run, on stores of the run's own. */
import { attribution } from '../../../attribution/stage.ts'
import { RedisConversationStore } from '../../../attribution/state/store.ts'
import { openCrossSourceDedup, openDedup } from '../../../ingest/claims.ts'
import { ingest } from '../../../ingest/stage.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { Clock, RedisCommands } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { Message } from '../../../shared/model/topic-values.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { filterMatches } from '../input/filter.ts'
import type { ReplayRequest } from '../request.ts'
import { InProcessPipeline } from './in-process-pipeline.ts'
import { ListVersions } from './list-versions.ts'
import { OverlayStore } from './overlay.ts'
import { RunClaims } from './run-claims.ts'

export interface PipelineTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly redis: RedisCommands
  readonly sources: SourceRegistry
  readonly directory: ConnectionDirectory
  readonly lists: readonly KeywordListRecord[]
  readonly clock: Clock
  /** As attribution has it, ms. */
  readonly waitMs: number
}

export interface BuiltPipeline {
  readonly chain: InProcessPipeline
  takes(message: Message): boolean
}

export const buildPipeline = (request: ReplayRequest, tools: PipelineTools): BuiltPipeline => {
  const { redis, clock, lists, ...shared } = tools
  const claims = new RunClaims({ dedup: openDedup(redis), feeds: openCrossSourceDedup(redis) })
  const store = new OverlayStore(new RedisConversationStore(redis, 0))
  const takes = ({ connectionId, source }: Message) =>
    (request.connection === null || request.connection === connectionId) &&
    (request.source === null || request.source === source)
  const chain = new InProcessPipeline(request.entry, {
    ...shared,
    epochs: new ListVersions(lists, request.lists),
    ingest: ingest({ ...shared, dedup: claims.dedup, feeds: claims.feeds }) as never,
    attribution: attribution({ ...shared, store }) as never,
    isUnseen: claims.isUnseen,
    takes,
    wants: (message) => !store.isHeldByLive(message) && filterMatches(message, request.where),
    now: clock.now(),
  })
  return { chain, takes }
}
