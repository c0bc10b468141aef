/** `signals offsets forget`: after Kafka was lost, takes out of Redis what names its offsets. */
import type { Command } from 'commander'
import { forgetOffsets } from '../../../tools/backup/forget-offsets.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { Refused } from '../../exit.ts'
import { confirmed, print, printJson } from '../../output.ts'

const forget = ({ yes, json }: { readonly yes?: boolean; readonly json?: boolean }) =>
  withContext(async (context) => {
    const question = 'Forget offsets and claims in Redis? Only for another Kafka, while no process runs.'
    if (!yes && process.stdin.isTTY && !(await confirmed(question))) throw new Refused('nothing was changed')
    await audited(context, 'offsets.forget')
    const claims = await forgetOffsets(context.broker(), context.redis())
    if (json) return printJson({ claims })
    print(`offsets and ${claims} claims forgotten; start the processes, then have sources send again`)
  })

export const register = (program: Command) => {
  const offsets = program.command('offsets').description('what Redis knows of offsets in Kafka')
  offsets
    .command('forget')
    .description('after Kafka was lost, while no process runs: ingest lets in again what was under way')
    .option('--yes', 'without asking')
    .option('--json', 'one JSON value')
    .action(forget)
}
