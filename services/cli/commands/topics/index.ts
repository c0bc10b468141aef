/** `signals topics`: compares the declared topics with the cluster and applies the difference. */
import type { Command } from 'commander'
import { allTopics } from '../../../derived-topics.ts'
import { prefixFields } from '../../../runtime/adapters/prefix.ts'
import { openRegistrar } from '../../../runtime/adapters/registry/registry.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { loadConfig, registrySettingsOf } from '../../../runtime/config.ts'
import type { TopicSettings } from '../../../runtime/ports.ts'
import { environment } from '../../../runtime/process/environment/environment.ts'
import { makeSecrets } from '../../../tools/keys/prepare.ts'
import { signRecords } from '../../../tools/keys/sign-records.ts'
import { aclCommands, aclProcesses, aclsOf } from '../../../tools/topics/acls.ts'
import { notDrained, type WaitingRecords } from '../../../tools/topics/growth.ts'
import {
  applySchemas,
  applyTopics,
  makesConnections,
  planTopics,
  type TopicChange,
} from '../../../tools/topics/provision.ts'
import { erasureBoundMs, retentionBoundMs } from '../../../tools/topics/retention.ts'
import { placementOf } from '../../../tools/topics/settings.ts'
import { actor } from '../../actor.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { notify, print, printJson } from '../../output.ts'

const text = (change: TopicChange): string => {
  switch (change.kind) {
    case 'create':
      return `+ ${change.topic}  ${change.partitions} partitions${change.replication === null ? '' : `, ${change.replication} copies`}`
    case 'partitions':
      return `~ ${change.topic}  partitions ${change.from} → ${change.to}`
    case 'setting':
      return `~ ${change.topic}  ${change.setting} ${change.from ?? 'unset'} → ${change.to}`
  }
}

/** @param partitions of the option; unset: KAFKA_PARTITIONS */
const placementFor = async ({ broker, env }: CliContext, partitions: string | undefined) => {
  if (partitions !== undefined && !/^[1-9]\d{0,3}$/.test(partitions))
    throw new UsageError('--partitions: must be a number from 1 to 1000')
  const given = partitions === undefined ? env : { ...env, KAFKA_PARTITIONS: partitions }
  return placementOf(given, (await broker().describe()).nodes)
}

const waitingText = (waiting: readonly WaitingRecords[]) =>
  waiting.map(({ group, topic, records }) => `${group} has ${records} records of ${topic} to process`).join(', ')

/** The names that Kafka has. */
const withPrefix = <Row extends { readonly topic: string }>(rows: readonly Row[], prefix: string): Row[] =>
  rows.map((row) => ({ ...row, topic: prefix + row.topic }))

/** By the settings that the cluster has now; null: it does not tell them. */
const erasureOf = (actual: readonly TopicSettings[]) => {
  const secret = new Set(allTopics.flatMap(({ name, holdsSecrets }) => (holdsSecrets ? [name] : [])))
  return actual
    .filter(({ name }) => secret.has(name))
    .map((topic) => {
      const ms = erasureBoundMs(topic)
      return { topic: topic.name, seconds: Number.isFinite(ms) ? Math.ceil(ms / 1000) : null }
    })
}

const hourMs = 3_600_000

interface TopicBound {
  readonly topic: string
  /** null: unlimited, or unknown to the cluster. */
  readonly hours: number | null
}

/** For each topic with a retention, how long its records stay on disk at most, by the settings that the cluster has now. */
const retentionOf = (actual: readonly TopicSettings[]): readonly TopicBound[] => {
  const limited = new Set(allTopics.flatMap(({ name, retentionMs }) => (retentionMs > 0 ? [name] : [])))
  return actual
    .filter(({ name }) => limited.has(name))
    .map((topic) => {
      const ms = retentionBoundMs(topic)
      return { topic: topic.name, hours: Number.isFinite(ms) ? Math.ceil((ms / hourMs) * 10) / 10 : null }
    })
}

export const register = (program: Command) => {
  const topics = program.command('topics').description('topology against the cluster')
  topics
    .command('plan')
    .description('show what `apply` would change; exits with 0 also when there are changes')
    .option('--partitions <number>', 'of the topics that stages share the work of; default: KAFKA_PARTITIONS')
    .option('--json', 'one JSON value')
    .action(({ json, partitions }: { json?: boolean; partitions?: string }) =>
      withContext(async (context) => {
        const { broker, prefix } = context
        const actual = await broker().listTopics()
        const planned = planTopics(actual, allTopics, await placementFor(context, partitions))
        const waiting = withPrefix(await notDrained(broker(), planned), prefix)
        const changes = withPrefix(planned, prefix)
        const erasure = withPrefix(erasureOf(actual), prefix)
        const retention = withPrefix(retentionOf(actual), prefix)
        if (json) return printJson({ changes, erasure, retention, waiting })
        print(changes.length === 0 ? 'the cluster is as declared' : changes.map(text).join('\n'))
        if (changes.some(({ kind }) => kind === 'partitions'))
          print(
            `! more partitions move keys to others: ${waiting.length === 0 ? 'every group is at its end, so no record is overtaken' : `${waitingText(waiting)}; a later record of its key may overtake each, so let the groups come to their ends first (docs/scaling.md)`}`,
          )
        for (const { topic, seconds } of erasure)
          print(`= ${topic}  erased secrets leave the brokers' disks within ${seconds ?? 'an unknown number of'} s`)
        for (const [hours, ofBound] of Map.groupBy(retention, (one) => one.hours))
          print(
            `= records leave the brokers' disks within ${hours ?? 'an unknown number of'} h: ${ofBound.map(({ topic }) => topic).join(', ')}`,
          )
      }),
    )
  topics
    .command('apply')
    .description('create topics, add partitions, set settings, register schemas; nothing is ever deleted')
    .option('--partitions <number>', 'of the topics that stages share the work of; default: KAFKA_PARTITIONS')
    .option('--unordered', 'add partitions although records wait, which later ones of their keys may overtake')
    .option('--json', 'one JSON value')
    .action(({ json, partitions, unordered }: { json?: boolean; partitions?: string; unordered?: boolean }) =>
      withContext(async (context) => {
        const { broker } = context
        const placement = await placementFor(context, partitions)
        const changes = planTopics(await broker().listTopics(), allTopics, placement)
        const waiting = unordered ? [] : await notDrained(broker(), changes)
        if (waiting.length > 0)
          throw new Refused(
            `nothing was changed: ${waitingText(withPrefix(waiting, context.prefix))}. With more partitions, later records of their keys may overtake them: stop the gateway, wait for signals lag to show 0, stop the stages, and try again; or give --unordered`,
          )
        const refused = (await applyTopics(broker(), changes, placement)).map((topic) => context.prefix + topic)
        await applySchemas(await openRegistrar(registrySettingsOf(context.env, context.registryUrl)))
        // With the master key, a new installation gets its secrets; an existing one keeps its own.
        if (context.hasMasterKey) {
          const tools = { broker: context.unsignedBroker(), codec: await context.codec(), clock: systemClock }
          const isFresh = makesConnections(changes)
          await makeSecrets(context.keys, tools, isFresh)
          // Nothing of an earlier version is there: what comes has to be signed from the beginning.
          if (isFresh) await signRecords(context.keys, tools, { via: 'cli', actor: actor() })
        }
        // After the work, since it makes the topic of the trail.
        await audited(context, 'topics.apply', `${changes.length} changes`)
        const applied = withPrefix(changes, context.prefix)
        if (json) printJson({ applied, refused })
        else
          print(
            applied.length === 0
              ? 'the cluster was as declared; schemas are registered'
              : `${applied.map(text).join('\n')}\napplied; schemas are registered`,
          )
        if (refused.length > 0)
          notify(
            `signals: the cluster refuses settings that bound how long something stays on its disks, for ${refused.join(', ')}; signals topics plan shows which, and the bounds that hold`,
          )
      }),
    )
  topics
    .command('acls')
    .description('print the least rights of each process at Kafka, as kafka-acls commands')
    .requiredOption('--principal-prefix <prefix>', 'begins the name of each process’ user, such as signals-')
    .option('--json', 'one JSON value')
    .action(({ principalPrefix, json }: { principalPrefix: string; json?: boolean }) => {
      const { KAFKA_TOPIC_PREFIX: prefix } = loadConfig(prefixFields, environment())
      if (!/^[\w.@+=,/-]{0,128}$/.test(principalPrefix))
        throw new UsageError('--principal-prefix: at most 128 letters, digits and . _ @ + = , / -')
      const processes = aclProcesses.map((process) => {
        const principal = `User:${principalPrefix}${process}`
        const rights = aclsOf(process, prefix)
        return { process, principal, rights, commands: aclCommands(rights, principal) }
      })
      if (json) return printJson({ processes: processes.map(({ commands, ...rest }) => rest) })
      print(
        processes
          .map(({ process, principal, commands }) => `# ${process}: ${principal}\n${commands.join('\n')}`)
          .join('\n\n'),
      )
    })
}
