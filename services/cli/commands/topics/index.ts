/** `signals topics`: compares the declared topics with the cluster and applies the difference. */
import type { Command } from 'commander'
import { openRegistrar } from '../../../runtime/adapters/registry.ts'
import { sealDataSecret } from '../../../runtime/keys/data-secret.ts'
import {
  applySchemas,
  applyTopics,
  makesConnections,
  planTopics,
  type TopicChange,
} from '../../../tools/topics/provision.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { print, printJson } from '../../output.ts'

const text = (change: TopicChange): string => {
  switch (change.kind) {
    case 'create':
      return `+ ${change.topic}  ${change.partitions} partitions`
    case 'partitions':
      return `~ ${change.topic}  partitions ${change.from} → ${change.to}`
    case 'setting':
      return `~ ${change.topic}  ${change.setting} ${change.from ?? 'unset'} → ${change.to}`
  }
}

export const register = (program: Command) => {
  const topics = program.command('topics').description('topology against the cluster')
  topics
    .command('plan')
    .description('show what `apply` would change; exits with 0 also when there are changes')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async ({ broker }) => {
        const changes = planTopics(await broker().listTopics())
        if (json) printJson({ changes })
        else print(changes.length === 0 ? 'the cluster is as declared' : changes.map(text).join('\n'))
      }),
    )
  topics
    .command('apply')
    .description('create topics, add partitions, set settings, register schemas; nothing is ever deleted')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const { broker } = context
        const changes = planTopics(await broker().listTopics())
        await applyTopics(broker(), changes)
        await applySchemas(await openRegistrar(context.registryUrl))
        // With the master key, a new installation gets its data secret; an existing one keeps its own.
        if (context.hasMasterKey) {
          const tools = { broker: broker(), codec: await context.codec() }
          await sealDataSecret(context.keys, tools, { fresh: makesConnections(changes), onlyIfMissing: true })
        }
        // After the work, since it makes the topic of the trail.
        await audited(context, 'topics.apply', `${changes.length} changes`)
        if (json) printJson({ applied: changes })
        else
          print(
            changes.length === 0
              ? 'the cluster was as declared; schemas are registered'
              : `${changes.map(text).join('\n')}\napplied; schemas are registered`,
          )
      }),
    )
}
