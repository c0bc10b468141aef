/** Wires redrives, replays and versions to the tools of the command line. */
import { CountedMessages } from '../../../attribution/counted-messages.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { CommonPairs } from '../../../runtime/keys/secrets/common-pairs.ts'
import type { Broker, Clock, Producer, RedisCommands } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { Replay } from '../../../tools/replay/run/run.ts'
import { type ReplaySettingTexts, replayFields } from '../../../tools/replay/settings.ts'
import { RedriveJobs } from '../../dead-letters/redrive-jobs.ts'
import { ReplayJobs } from '../../replays/replay-jobs.ts'

export interface ActionTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly producer: Producer
  readonly redis: RedisCommands
  readonly keyring: Keyring
  readonly commonPairs: CommonPairs
  readonly directory: ConnectionDirectory
  readonly clock: Clock
  /** KAFKA_TOPIC_PREFIX */
  readonly prefix: string
  /** Read at each call: a mapping may just have been repaired. @throws ConfigError */
  sources(): SourceRegistry
  /** Those of the stages: what a running `signals up` gave them, else this process' environment. */
  replaySettings(): ReplaySettingTexts
}

const dayMs = 86_400_000

export const openActions = (tools: ActionTools) => {
  const { broker, codec, producer, redis, keyring, commonPairs, directory, clock, prefix } = tools
  const redrives = new RedriveJobs(async () => {
    const envelopes = new Envelopes({
      ...{ keyring, commonPairs, now: () => clock.now() },
      connectionPair: (id) => directory.byId(id),
    })
    return { ...{ broker, codec, producer, clock, prefix, directory, envelopes }, sources: tools.sources() }
  }, clock)
  const replays = new ReplayJobs({
    ...{ broker, codec, clock, producer },
    replay: async (hooks) => {
      const [lists, ruleSets] = await Promise.all([readLists(broker, codec), readRuleSets(broker, codec)])
      const counted = new CountedMessages()
      for (const record of ruleSets) counted.apply(record)
      const settings = loadConfig(replayFields, tools.replaySettings())
      return new Replay({
        ...{ broker, codec, redis, keyring, commonPairs, clock, lists, ruleSets },
        countUpTo: () => counted.upTo,
        sources: tools.sources(),
        expireMs: settings.DISPATCH_EXPIRE_DAYS * dayMs,
        waitMs: settings.ATTRIBUTION_WAIT,
        textWindowMs: settings.ATTRIBUTION_TEXT_WINDOW,
        ...hooks,
      })
    },
  })
  return { redrives, replays }
}
