import { consumerGroup } from '../consumer-groups.ts'
import { errorFacts } from '../runtime/log.ts'
import { consumerStage } from '../runtime/process/run-stage.ts'
import { openStageState } from '../runtime/versioned-state/open.ts'
import { type Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import type { KeywordListRecord } from '../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../shared/model/rules/rule-set.ts'
import { Suppressions } from '../shared/persons/suppressions.ts'
import { topics } from '../topology.ts'
import { keywordsFields } from './config.ts'
import { keywordCounts } from './keyword-metrics.ts'
import { type ActiveList, KeywordLists } from './lists/active-lists.ts'
import { compileInWorker } from './matching/compile/compile-in-worker.ts'
import { ruleUseCounts } from './rule-metrics.ts'
import { ruleStateTopic } from './rule-state/record.ts'
import { RedisRuleStates } from './rule-state/store.ts'
import { RuleSets } from './rules/active-rule-sets.ts'
import { countEmitted } from './signal-metrics.ts'
import { keywords } from './stage.ts'
import { MissingIds } from './versions/missing.ts'

export const keywordsService = consumerStage({
  name: 'keywords',
  fields: keywordsFields,
  build: async ({ config, codec, keyring, redis, follow, log, metrics, clock, ...deps }) => {
    const directory = new ConnectionDirectory()
    deps.useConnections((id) => directory.byId(id))
    const lists = new KeywordLists(compileInWorker)
    const missing = new MissingIds(directory, (connection) => lists.missingOf(connection))
    // Until the topic is read to its end, records are only staged: each list compiles once, at its highest version.
    let isLoaded = false
    const reportMissing = () => {
      for (const { connectionId, id: listId } of missing.newlyMissing())
        log.warn({ connectionId, listId }, 'connection names a keyword list that does not exist; it emits no signals')
      for (const { connectionId, id: ruleSetId } of missingSets.newlyMissing())
        log.warn(
          { connectionId, ruleSetId },
          'connection names a rule set that does not exist; none of its rules fires',
        )
    }
    const activate = async () => {
      await lists.compilePending(
        ({ listId, version }: ActiveList, { entries, shadow }: KeywordListRecord) =>
          log.info({ listId, version, entries: entries.length, shadow }, 'keyword list active'),
        // `signals keywords import` validates lists; a broken record that arrives all the same must not stop the stage.
        ({ listId, version }, error) =>
          log.error({ ...errorFacts(error), listId, version }, 'keyword list refused; the version before stays active'),
      )
      reportMissing()
    }
    const ruleSets = new RuleSets()
    const missingSets = new MissingIds(directory, (connection) => ruleSets.missingOf(connection))
    const takeRuleSet = (record: RuleSetRecord) => {
      ruleSets.add(record)
      const { ruleSetId, version, rules, shadow } = record
      log.info({ ruleSetId, version, rules: rules.length, shadow }, 'rule set taken over')
    }
    const suppressions = new Suppressions(keyring)
    await follow({
      suppressions: (mark, record) => suppressions.apply(mark, record),
      connections: (id, record) => {
        if (directory.apply(id, record) === 'stale') return
        if (!record?.dataKey) deps.forgetConnection(id)
        if (isLoaded) reportMissing()
      },
      keywordLists: (_key, record) => {
        if (record === null) return
        lists.stage(record)
        return isLoaded ? activate() : undefined
      },
      ruleSets: (_key, record) => {
        if (record === null) return
        takeRuleSet(record)
        if (isLoaded) reportMissing()
      },
    })
    isLoaded = true
    await activate()
    const { store: states, withCheckpoints } = await openStageState(
      {
        name: 'keywords',
        group: consumerGroup('keywords'),
        topics: [topics.attributedMessages.name],
        topic: ruleStateTopic,
        store: new RedisRuleStates(redis, config.ATTRIBUTION_STATE_DAYS * 86_400),
      },
      { ...deps, codec, redis, metrics, log, clock },
    )
    const count = keywordCounts({ metrics, log, clock })
    const rules = { of: (connection: Connection) => ruleSets.of(connection), states }
    const countRules = ruleUseCounts(metrics)
    const stage = keywords({ directory, lists, codec, keyring, suppressions, rules, count, countRules })
    return { ...withCheckpoints(stage), onProcessed: countEmitted(metrics) }
  },
})
