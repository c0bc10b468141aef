/** `signals quarantine`: accounts whose records ingest puts aside, since too many of them failed. */
import type { Command } from 'commander'
import {
  type QuarantinedAccount,
  quarantinedAccounts,
  removeFromQuarantine,
} from '../../../ingest/quarantine/quarantined-accounts.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { discard, putAside, release } from '../../../tools/dead-letters/quarantine.ts'
import { audited } from '../../audit.ts'
import { maySend, type SendOptions } from '../../confirm-send.ts'
import { withContext } from '../../context.ts'
import { exitCodes, UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { openTools } from '../dead-letters/selection.ts'

interface Flags extends SendOptions {
  readonly json?: boolean
}

/** Ingest reads the accounts in quarantine every 2 s. */
const inForceMs = 3_000

const partsOf = (account: string) => {
  const at = account.indexOf('/')
  return { source: account.slice(0, at), accountId: account.slice(at + 1) || null }
}

const list = ({ json }: Flags) =>
  withContext(async (context) => {
    await audited(context, 'quarantine.list')
    const waiting = await putAside(await openTools(context))
    const accounts = await quarantinedAccounts(context.redis())
    const known = new Set(accounts.map(({ account }) => account))
    const released = [...waiting.keys()].filter((account) => !known.has(account))
    const rows = [
      ...accounts.map((one): QuarantinedAccount & { inQuarantine: boolean } => ({ ...one, inQuarantine: true })),
      ...released.map((account) => ({
        account,
        since: waiting.get(account)?.[0]?.failedAt ?? 0,
        why: 'no longer in quarantine; its records still wait',
        inQuarantine: false,
      })),
    ].map(({ account, since, why, inQuarantine }) => ({
      account,
      ...partsOf(account),
      inQuarantine,
      since: new Date(since).toISOString(),
      why,
      records: waiting.get(account)?.length ?? 0,
    }))
    if (json) return printJson(rows)
    if (rows.length === 0) return print('no account is in quarantine')
    print(
      table([
        ['account', 'since', 'why', 'records put aside'],
        ...rows.map(({ account, since, why, records }) => [account, since, why, String(records)]),
      ]),
    )
  })

const end = (account: string, flags: Flags, action: 'release' | 'discard') =>
  withContext(async (context) => {
    const tools = await openTools(context)
    const before = (await putAside(tools)).get(account) ?? []
    const isIn = (await quarantinedAccounts(context.redis())).some((one) => one.account === account)
    if (!isIn && before.length === 0)
      throw new UsageError(`${account} is not in quarantine; see: signals quarantine list`)
    const question =
      action === 'release'
        ? `process ${before.length} records of ${account} now?`
        : `discard ${before.length} records of ${account} for ever?`
    if (!(await maySend(flags, question))) {
      if (flags.json) printJson({ account, dryRun: true, records: before.length })
      return
    }
    await audited(context, `quarantine.${action}`, account)
    await removeFromQuarantine(context.redis(), account)
    await systemClock.sleep(inForceMs)
    const records = (await putAside(tools)).get(account) ?? []
    const producer = await context.broker().producer()
    try {
      const sending = { ...tools, producer, clock: systemClock }
      if (action === 'discard') {
        await discard(records, sending)
        if (flags.json) printJson({ account, dryRun: false, discarded: records.length })
        else print(`${account} is out of quarantine; ${records.length} records discarded`)
        return
      }
      const { redriven, failedAgain, pending, held, erased } = await release(records, sending)
      if (flags.json) printJson({ account, dryRun: false, released: redriven, failedAgain, pending, held, erased })
      else
        print(
          `${account} is out of quarantine; ${redriven} records released, ${failedAgain} of them failed again, ${pending} not processed yet, ${held} held back`,
        )
      if (failedAgain + pending + held > 0) process.exitCode = exitCodes.failed
    } finally {
      await producer.close()
    }
  })

export const register = (program: Command) => {
  const quarantine = program
    .command('quarantine')
    .description('accounts whose records are put aside: list, release, discard')
  quarantine
    .command('list')
    .description('accounts in quarantine, since when, why, and how many records are put aside')
    .option('--json', 'one JSON value')
    .action((flags: Flags) => list(flags))
  for (const [action, about] of [
    ['release', 'let the account go on, and process what was put aside'],
    ['discard', 'let the account go on, and drop what was put aside'],
  ] as const)
    quarantine
      .command(`${action} <account>`)
      .description(`${about}; <account> as list shows it: SOURCE/ACCOUNT, or SOURCE/ for what names no account`)
      .option('--dry-run', 'only report what would be done')
      .option('--yes', 'without asking')
      .option('--json', 'one JSON value')
      .action((account: string, flags: Flags) => end(account, flags, action))
}
