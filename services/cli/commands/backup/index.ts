/** `signals backup`: copies the topics that no replay makes again into a folder of sealed files. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { openMasterKeys } from '../../../runtime/keys/key-settings.ts'
import { backUp } from '../../../tools/backup/back-up.ts'
import { BackupInvalid, recordsOf } from '../../../tools/backup/manifest.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { Refused } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { shareProgress } from './share-progress.ts'

const backup = ({ to, json }: { to: string; json?: boolean }) =>
  withContext(async (context) => {
    const folder = resolve(to)
    const keys = await openMasterKeys(context.keys)
    await audited(context, 'backup.make', folder)
    const progress = shareProgress()
    try {
      const manifest = await backUp(folder, {
        broker: context.unsignedBroker(),
        registry: context.registry(),
        keys,
        clock: systemClock,
        onProgress: ({ topic, records, share }) => progress.report(`${topic}  ${records} records`, share),
      })
      const topics = manifest.topics.map((topic) => ({
        topic: topic.name,
        records: recordsOf(topic),
        files: topic.chunks.length,
        bytes: topic.chunks.reduce((sum, { bytes }) => sum + bytes, 0),
      }))
      progress.end()
      if (json) return printJson({ backup: manifest.id, folder, keyId: manifest.keyId, topics })
      print(table([['topic', 'records', 'files', 'bytes'], ...topics.map((one) => Object.values(one).map(String))]))
      print(`backup ${manifest.id} is complete in ${folder}, sealed under master key ${manifest.keyId}`)
      print('keep that master key apart from it: without the key the backup is worthless, with it it is everything')
    } catch (error) {
      if (error instanceof BackupInvalid) throw new Refused(error.message)
      throw error
    } finally {
      progress.end()
    }
  })

export const register = (program: Command) => {
  program
    .command('backup')
    .description(
      'copy the topics that no replay makes again into a folder of sealed files; goes on with an unfinished one',
    )
    .requiredOption('--to <folder>', 'of this backup alone; made where it is missing')
    .option('--json', 'one JSON value')
    .action((options: { to: string; json?: boolean }) => backup(options))
}
