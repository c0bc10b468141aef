/** `signals restore`: writes a backup into an empty cluster, or lost topics into one that works. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openRegistrar } from '../../../runtime/adapters/registry/registry.ts'
import { registrySettingsOf } from '../../../runtime/config.ts'
import { openMasterKeys } from '../../../runtime/keys/key-settings.ts'
import { BackupInvalid, recordsOf } from '../../../tools/backup/manifest.ts'
import { openBackup } from '../../../tools/backup/open-backup.ts'
import { restoreBackup, TopicsNotEmpty } from '../../../tools/backup/restore.ts'
import { restoreSchemas, SchemaIdsDiffer } from '../../../tools/backup/schema-ids.ts'
import { applySchemas } from '../../../tools/topics/provision.ts'
import { placementOf } from '../../../tools/topics/settings.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { shareProgress } from '../backup/share-progress.ts'

interface Options {
  readonly from: string
  readonly topic?: readonly string[]
  readonly overwrite?: boolean
  readonly verify?: boolean
  readonly schemas?: boolean
  readonly json?: boolean
}

const restore = ({ from, topic: chosen, overwrite = false, verify, schemas, json }: Options) =>
  withContext(async (context) => {
    const folder = resolve(from)
    const keys = await openMasterKeys(context.keys)
    const backup = openBackup(folder, keys)
    const { manifest } = backup
    const unknown = (chosen ?? []).filter((name) => !manifest.topics.some((topic) => topic.name === name))
    if (unknown.length > 0)
      throw new UsageError(
        `--topic: the backup has no ${unknown.join(', ')}; it has ${manifest.topics.map(({ name }) => name).join(', ')}`,
      )
    const topics = manifest.topics.filter(({ name }) => chosen === undefined || chosen.includes(name))
    const progress = shareProgress()
    backup.verify(topics, (topic, share) => progress.report(`${topic}  verified`, share))
    progress.end()
    if (verify) {
      const rows = topics.map((topic) => ({ topic: topic.name, records: recordsOf(topic) }))
      if (json) return printJson({ backup: manifest.id, startedAt: manifest.startedAt, verified: rows })
      print(table([['topic', 'records'], ...rows.map((row) => Object.values(row).map(String))]))
      print(`backup ${manifest.id} of ${new Date(manifest.startedAt).toISOString()} is whole`)
      return
    }
    const registry = await openRegistrar(registrySettingsOf(context.env, context.registryUrl))
    if (schemas) {
      const restored = await restoreSchemas(manifest, registry)
      await applySchemas(registry)
      await audited(context, 'backup.restore-schemas', manifest.id)
      if (json) return printJson({ backup: manifest.id, schemas: restored })
      return print(`${restored} schemas have their ids again; start the processes`)
    }
    const broker = context.unsignedBroker()
    const placement = placementOf(context.env, (await broker.describe()).nodes)
    const restored = await restoreBackup(
      backup,
      { folder, topics, overwrite },
      {
        ...{ broker, registry, keys, placement, cluster: `${context.brokers} ${context.prefix}` },
        onProgress: ({ topic, records, of }) => progress.report(`${topic}  ${records} of ${of} records`, records / of),
      },
    )
    progress.end()
    // After the work, since the trail is among what is restored.
    await audited(context, 'backup.restore', manifest.id)
    if (json) return printJson({ backup: manifest.id, startedAt: manifest.startedAt, ...restored })
    print(table([['topic', 'records'], ...restored.topics.map((row) => Object.values(row).map(String))]))
    print(
      `restored to the state of ${new Date(manifest.startedAt).toISOString()}; what changed after it is not there: run \`signals forget\` again for persons forgotten since`,
    )
    if (chosen === undefined) print('unless Redis is empty, too: `signals offsets forget` before any process starts')
  })

export const register = (program: Command) => {
  program
    .command('restore')
    .description(
      'write a backup into an empty cluster, or lost topics into one that works; goes on with an unfinished run',
    )
    .requiredOption('--from <folder>', 'that `signals backup` wrote')
    .option('--topic <name...>', 'these topics alone')
    .option('--schemas', 'only the schemas, under their ids, into a registry that was lost alone')
    .option('--overwrite', 'delete what these topics hold; stop every process first')
    .option('--verify', 'verify the files, and write nothing')
    .option('--json', 'one JSON value')
    .action(async (options: Options) => {
      try {
        await restore(options)
      } catch (error) {
        if (error instanceof TopicsNotEmpty || error instanceof BackupInvalid || error instanceof SchemaIdsDiffer)
          throw new Refused(error.message)
        throw error
      }
    })
}
