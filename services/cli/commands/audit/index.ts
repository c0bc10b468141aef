/** `signals audit`: who read, imported, replayed, redrove, rotated and changed. */
import type { Command } from 'commander'
import { readAudit } from '../../../shared/audit/audit.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { timeOf } from '../../times.ts'

interface Flags {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
  readonly limit: string
  readonly json?: boolean
}

const list = ({ actor, action, target, from, to, limit, json }: Flags) =>
  withContext(async (context) => {
    if (!/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError('--limit must be a whole number from 1 to 999999')
    const entries = await readAudit(context.broker(), await context.codec(), {
      ...{ actor, action, target, limit: Number(limit) },
      from: from === undefined ? undefined : timeOf('--from', from),
      to: to === undefined ? undefined : timeOf('--to', to),
    })
    // After the read, so that the list shows what led to it and not itself.
    await audited(context, 'audit.list')
    if (json) return printJson(entries)
    if (entries.length === 0) return print('no entries')
    print(
      table([
        ['when', 'who', 'via', 'tenant', 'action', 'target', '', 'note'],
        ...entries.map((entry) => [
          new Date(entry.at).toISOString(),
          entry.actor,
          entry.via,
          entry.tenant ?? 'all',
          entry.action,
          entry.target ?? '',
          entry.outcome === 'allowed' ? '' : entry.outcome,
          entry.note ?? '',
        ]),
      ]),
    )
  })

export const register = (program: Command) => {
  const audit = program.command('audit').description('the audit trail: who asked for what')
  audit
    .command('list')
    .description('the latest entries, oldest first')
    .option('--actor <name>', 'of this user or token')
    .option('--action <action>', 'an action such as keywords.import, or all of an area such as keywords')
    .option('--target <id>', 'on this connection, list, run …')
    .option('--from <time>', 'at or after, ISO 8601')
    .option('--to <time>', 'before, ISO 8601')
    .option('--limit <n>', 'how many of the latest', '100')
    .option('--json', 'one JSON value')
    .action(list)
}
