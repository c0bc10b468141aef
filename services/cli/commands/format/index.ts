/** `signals format`: in which form secrets and records are at rest, and the step from that of an earlier version. */
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { wrappingFormOf } from '../../../runtime/keys/wrapping.ts'
import { connectionSecretsOf } from '../../../shared/connections/tokens/rewrap.ts'
import { upgradeFormat } from '../../../tools/keys/rotate.ts'
import { signRecords } from '../../../tools/keys/sign-records.ts'
import { keysToSign, readSignedState } from '../../../tools/keys/signed-state.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { print, printJson, table } from '../../output.ts'
import { author, withOpenConnections } from '../connections/open-connections.ts'

interface Options {
  readonly json?: boolean
  readonly yes?: boolean
}

interface StoredForm {
  /** `earlier`: processes of versions before 0.2.0 open what is written. */
  readonly secrets: 'present' | 'earlier'
  readonly connections: number
  /** Connections with a secret in the earlier form. */
  readonly earlier: number
  /** Records of compacted topics without a signature under the active master key. */
  readonly unsigned: number
}

const storedForm = async (context: CliContext): Promise<StoredForm> => {
  const tools = { broker: context.unsignedBroker(), codec: await context.codec() }
  const { keys, tables } = await readSignedState(context.keys, tools)
  const unsigned = Object.values(tables).reduce((sum, one) => sum + keysToSign(one, keys).length, 0)
  return withOpenConnections(context, async ({ directory, keyring }) => {
    const all = directory.all()
    const isEarlier = (secret: Buffer) => wrappingFormOf(secret) === 'earlier'
    const earlier = all.filter((record) => connectionSecretsOf(record).some(isEarlier)).length
    return { secrets: keyring.form, connections: all.length, earlier, unsigned }
  })
}

const shownForm = ({ secrets, connections, earlier, unsigned }: StoredForm) =>
  table([
    ['secrets', secrets === 'earlier' ? 'as versions before 0.2.0 write and read them' : 'of this version'],
    ['connections', `${earlier} of ${connections} with secrets in the earlier form`],
    ['records without a signature', String(unsigned)],
  ])

const isDone = ({ secrets, earlier, unsigned }: StoredForm) => secrets === 'present' && earlier + unsigned === 0

const show = async (context: CliContext, { json }: Options) => {
  const form = await storedForm(context)
  if (json) return printJson(form)
  print(shownForm(form))
  if (!isDone(form)) print('\nonce no process of an earlier version runs: signals format upgrade')
}

const upgrade = async (context: CliContext, { json, yes = false }: Options) => {
  const form = await storedForm(context)
  if (!yes) {
    if (json) return printJson({ ...form, changed: false })
    print(shownForm(form))
    return print(
      isDone(form)
        ? '\nnothing to do'
        : '\nthis seals the secrets anew and signs the records. Processes of versions before 0.2.0 end when they read them, and there is no way back to such a version. Nothing was changed: --yes does it, once none of them runs',
    )
  }
  await audited(context, 'format.upgrade', 'all')
  const tools = { broker: context.unsignedBroker(), codec: await context.codec(), clock: systemClock }
  const { rewrapped, unreadable } = await upgradeFormat(context.keys, tools, author())
  const { signed, refused } = await signRecords(context.keys, tools, author())
  if (unreadable.length + refused.length > 0) process.exitCode = 1
  if (json) return printJson({ changed: true, rewrapped, unreadable, signed, refused: refused.length })
  print(`connections sealed in the form of this version: ${rewrapped}; records signed: ${signed}`)
  if (unreadable.length > 0)
    print(`sealed with a key that is not set, add them again with their tokens: ${unreadable.join(', ')}`)
  if (refused.length > 0) print(`records that do not count: ${refused.length}; signals doctor lists them`)
  print('processes that must not have the master key get their keys now: signals keys issue STAGE')
}

export const register = (program: Command) => {
  const format = program.command('format').description('the form of what is at rest: show it, upgrade it')
  format
    .command('show')
    .description('whether secrets and records still have the form of an earlier version')
    .option('--json', 'one JSON value')
    .action((options: Options) => withContext((context) => show(context, options)))
  format
    .command('upgrade')
    .description(
      'seal secrets and sign records in the form of this version; earlier versions cannot read them any more',
    )
    .option('--yes', 'do it; without it, only show what would be done')
    .option('--json', 'one JSON value')
    .action((options: Options) => withContext((context) => upgrade(context, options)))
}
