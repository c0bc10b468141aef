/** Builds the pipeline of one run: the stages of live traffic on stores of the run's own. */
import type { AttributionSettings } from '../../../attribution/attribute.ts'
import { attribution } from '../../../attribution/stage.ts'
import { openCrossSourceDedup, openDedup } from '../../../ingest/claims/claims.ts'
import { contactOverlay, openContactThreads } from '../../../ingest/contacts/contact-threads.ts'
import { ingest } from '../../../ingest/stage.ts'
import { RedisRuleStates } from '../../../keywords/rule-state/store.ts'
import type { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { Clock, RedisCommands } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { occurredUnderConsent, receivedUnderConsent } from '../../../shared/connections/consent.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import { RedisConversationStore } from '../../../shared/conversations/store.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../../../shared/model/rules/rule-set.ts'
import type { Message } from '../../../shared/model/topic-values.ts'
import type { SuppressionCheck } from '../../../shared/persons/suppressions.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { filterMatches } from '../input/filter.ts'
import type { ReplayRequest } from '../request.ts'
import { InProcessPipeline } from './in-process-pipeline.ts'
import { ListVersions } from './list-versions.ts'
import { OverlayStore, StateOverlay } from './overlay.ts'
import { RuleVersions } from './rule-versions.ts'
import { RunClaims } from './run-claims.ts'

export interface PipelineTools extends AttributionSettings {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'open'>
  readonly redis: RedisCommands
  readonly sources: SourceRegistry
  readonly directory: ConnectionDirectory
  readonly suppressions?: SuppressionCheck
  readonly lists: readonly KeywordListRecord[]
  /** All versions of all rule sets. */
  readonly ruleSets: readonly RuleSetRecord[]
  readonly clock: Clock
}

export interface BuiltPipeline {
  readonly pipeline: InProcessPipeline
  readonly directory: ConnectionDirectory
  /** True for messages of the connection and source that the request names. */
  isInScope(message: Message): boolean
}

export const buildPipeline = (request: ReplayRequest, tools: PipelineTools): BuiltPipeline => {
  const { redis, clock, lists, ruleSets, ...given } = tools
  // An event of a file was never received.
  const isUnderConsent = request.file ? occurredUnderConsent(tools.directory) : receivedUnderConsent
  const shared = { ...given, isUnderConsent }
  const claims = new RunClaims({ event: openDedup(redis), crossSource: openCrossSourceDedup(redis) })
  const store = new OverlayStore(new RedisConversationStore(redis, 0))
  const ruleStates = () => new StateOverlay(new RedisRuleStates(redis, 0))
  const isInScope = ({ connectionId, source }: Message) =>
    (request.connection === null || request.connection === connectionId) &&
    (request.source === null || request.source === source)
  const pipeline = new InProcessPipeline(request.entry, {
    ...shared,
    listVersions: new ListVersions(lists, request.lists),
    ruleVersions: new RuleVersions(ruleSets, request.ruleSets ?? { kind: 'then' }),
    ruleStates: ruleStates(),
    latestRuleStates: ruleStates(),
    ingest: ingest({ ...shared, claims, contacts: contactOverlay(openContactThreads(redis)) }),
    attribution: attribution({ ...shared, store }),
    isUnseen: claims.isUnseen,
    isInScope,
    isRequested: (message) => !store.isHeldByLive(message) && filterMatches(message, request.where),
    now: clock.now(),
  })
  return { pipeline, directory: tools.directory, isInScope }
}
