/**
 * `signals keys`: lists, creates and rotates master keys. It prints key ids; only `keys new` prints a key, once, and
 * `keys issue` the keys of one process.
 */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { readSecrets, writeSecrets } from '../../../local/supervisor/state-file.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { type KeyHolder, keyHolders } from '../../../runtime/keys/key-holders.ts'
import { wrapMasterKey } from '../../../runtime/keys/key-settings.ts'
import { Keyring } from '../../../runtime/keys/keyring.ts'
import { connectionSecretsOf } from '../../../shared/connections/tokens/rewrap.ts'
import { issueKeysFor } from '../../../tools/keys/issue.ts'
import { EarlierForm, rotateKeys } from '../../../tools/keys/rotate.ts'
import { signRecords } from '../../../tools/keys/sign-records.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { masterKeysOfStages } from '../../wait-until-active.ts'
import { author, withOpenConnections } from '../connections/open-connections.ts'

interface Output {
  json?: boolean
}

interface Row {
  readonly keyId: string
  readonly role: 'current' | 'previous' | 'not given'
  readonly inForce: boolean
  /** Secrets of connections sealed under it. */
  readonly secrets: number
}

const unnamed = 'unnamed'

const rows = (context: CliContext): Promise<Row[]> =>
  withOpenConnections(context, async ({ directory, keyring }) => {
    const counts = new Map<string, number>(keyring.masterKeys.map((id) => [id, 0]))
    for (const record of directory.all()) {
      for (const secret of connectionSecretsOf(record)) {
        const id = keyring.keyIdOf(secret) ?? unnamed
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    }
    return Array.from(counts, ([keyId, secrets]): Row => {
      const index = keyring.masterKeys.indexOf(keyId)
      return {
        keyId,
        role: index === 0 ? 'current' : index > 0 ? 'previous' : 'not given',
        inForce: keyId === keyring.activeKeyId,
        secrets,
      }
    })
  })

const list = async (context: CliContext, { json }: Output) => {
  const found = await rows(context)
  if (json) return printJson(found)
  print(
    table([
      ['key', 'given as', 'active', 'secrets'],
      ...found.map(({ keyId, role, inForce, secrets }) => [keyId, role, inForce ? 'yes' : '', String(secrets)]),
    ]),
  )
}

/** Running stages that do not have the key. */
const unready = async (context: CliContext, keyId: string): Promise<string[]> =>
  [...(await masterKeysOfStages(context))].flatMap(([stage, keys]) => (keys.includes(keyId) ? [] : [stage]))

const rotate = async (context: CliContext, { json }: Output) => {
  const before = await context.keyring()
  const current = before.masterKeys[0] as string
  const behind = await unready(context, current)
  if (behind.length > 0)
    throw new Refused(
      `these stages do not have key ${current} yet: ${behind.join(', ')}; restart them with SIGNALS_MASTER_KEY and SIGNALS_MASTER_KEY_PREVIOUS, then rotate`,
    )
  if (before.form === 'earlier') throw new Refused(new EarlierForm().message)
  await audited(context, 'keys.rotate', current)
  const tools = { broker: context.unsignedBroker(), codec: await context.codec(), clock: systemClock }
  const { keyId, ...result } = await rotateKeys(context.keys, tools, author())
  const left = (await rows(context)).filter(({ keyId: id, secrets }) => id !== keyId && secrets > 0)
  const previous = before.masterKeys.slice(1)
  if (json) return printJson({ inForce: keyId, ...result, left: left.map(({ keyId: id }) => id), previous })
  print(
    `master key ${keyId} is active; connections sealed with it: ${result.rewrapped}; records signed with it: ${result.signed}`,
  )
  if (result.unreadable.length > 0)
    print(`sealed with a key that is not set, add them again with their tokens: ${result.unreadable.join(', ')}`)
  if (left.length > 0)
    print('some connections were written with the previous key during the rotation: run signals keys rotate again')
  else if (previous.length > 0)
    print(
      `no secret is sealed with ${previous.join(', ')}: remove it from SIGNALS_MASTER_KEY_PREVIOUS and restart all processes`,
    )
}

/** Stores the new key in the data folder if the current key is stored there; otherwise prints it. */
const make = async ({ dataDir, env }: CliContext, { json }: Output) => {
  await Keyring.open(Buffer.alloc(32).toString('base64'))
  const key = Keyring.newMasterKey()
  const stored = readSecrets(dataDir)
  if (env.SIGNALS_MASTER_KEY || !stored.SIGNALS_MASTER_KEY) {
    if (json) return printJson({ key })
    return print(key)
  }
  const previous = [stored.SIGNALS_MASTER_KEY, stored.SIGNALS_MASTER_KEY_PREVIOUS].filter(Boolean).join(',')
  writeSecrets(dataDir, { ...stored, SIGNALS_MASTER_KEY: key, SIGNALS_MASTER_KEY_PREVIOUS: previous })
  if (json) return printJson({ keptIn: dataDir })
  print(
    `the new master key is stored in ${dataDir}, the old one as previous: restart signals up, then run signals keys rotate`,
  )
}

/** Secrets in the form of an earlier version open under the master key alone. */
const requireCurrentForm = (context: CliContext) =>
  withOpenConnections(context, async ({ directory, keyring }) => {
    const earlier = directory.all().filter((record) => !connectionSecretsOf(record).every(keyring.isWrappedNow))
    if (earlier.length > 0)
      throw new Refused(
        `the secrets of ${earlier.length} connections are not yet sealed by kind under the active master key: run signals format upgrade first`,
      )
  })

interface IssueFlags extends Output {
  readonly file?: string
  readonly lookUp?: boolean
}

const issue = async (context: CliContext, stage: string, { json, file, lookUp = false }: IssueFlags) => {
  const holder = stage === 'console' ? 'control' : stage
  if (!(keyHolders as readonly string[]).includes(holder))
    throw new UsageError(`there is no process ${stage}; keys are issued for: ${keyHolders.join(', ')}`)
  if (lookUp && holder !== 'gateway') throw new UsageError('--look-up is for the gateway, which answers look-ups')
  await audited(context, 'keys.issue', holder)
  const tools = { broker: context.broker(), codec: await context.codec() }
  const values = await issueKeysFor([holder as KeyHolder], context.keys, tools, lookUp).catch((error: unknown) => {
    throw error instanceof EarlierForm ? new Refused(error.message) : error
  })
  await requireCurrentForm(context)
  const value = values[holder as KeyHolder]
  if (file !== undefined) {
    writeFileSync(file, `${value}\n`, { mode: 0o400 })
    return print(`the keys of ${holder} are in ${file}`)
  }
  if (json) return printJson({ holder, SIGNALS_KEYS: value })
  print(value)
}

const sign = async (context: CliContext, { json }: Output) => {
  await audited(context, 'keys.sign-records', 'all')
  const tools = { broker: context.unsignedBroker(), codec: await context.codec(), clock: systemClock }
  const { signed, refused } = await signRecords(context.keys, tools, author())
  const shown = refused.map(({ record: { topic, key, offset }, reason }) => ({
    topic,
    key,
    offset: Number(offset),
    reason,
  }))
  if (refused.length > 0) process.exitCode = 1
  if (json) return printJson({ signed, refused: shown })
  print(`signed ${signed} records; from now on records without a signature do not count`)
  if (shown.length === 0) return
  print('these did not count, and the valid records are in force; find out who wrote them:')
  print(table([['topic', 'key', 'offset', 'reason'], ...shown.map((one) => Object.values(one).map(String))]))
}

/** The master key in the form that only a key management service opens: to be set in its place. */
const wrap = async (context: CliContext, service: string, keyId: string | undefined, { json }: Output) => {
  if (service !== 'vault' && !(service === 'aws-kms' && keyId !== undefined))
    throw new UsageError('name a service: aws-kms KEY_ID, or vault, whose key is VAULT_TRANSIT_KEY')
  const key = service === 'vault' ? ({ kms: 'vault' } as const) : ({ kms: 'aws-kms', keyId: keyId as string } as const)
  const { keys } = context
  const wrapped = await wrapMasterKey(key, keys)
  if (json) return printJson({ SIGNALS_MASTER_KEY: wrapped })
  print(wrapped)
}

export const register = (program: Command) => {
  const keys = program.command('keys').description('master keys: list, create, rotate; issue keys for one process')
  const json = ['--json', 'one JSON value'] as const
  keys
    .command('list')
    .description('the configured master keys, the active one, and how many secrets each seals')
    .option(...json)
    .action((options: Output) => withContext((context) => list(context, options)))
  keys
    .command('wrap <service> [keyId]')
    .description('print the master key wrapped by aws-kms (with a key id) or vault, to be set in its place')
    .option(...json)
    .action((service: string, keyId: string | undefined, options: Output) =>
      withContext((context) => wrap(context, service, keyId, options)),
    )
  keys
    .command('sign-records')
    .description('sign what is in the compacted topics; from then on unsigned records do not count')
    .option(...json)
    .action((options: Output) => withContext((context) => sign(context, options)))
  keys
    .command('new')
    .description('create a master key: stored in the data folder if the current one is, else printed')
    .option(...json)
    .action((options: Output) => withContext((context) => make(context, options)))
  keys
    .command('issue <stage>')
    .description('print SIGNALS_KEYS: exactly the keys that the process needs, in place of the master key')
    .option('--look-up', 'of a gateway with GATEWAY_LOOK_UP: also the key from ids to pseudonyms')
    .option('--file <path>', 'write them to a new file that only its owner can read, and print none')
    .option(...json)
    .action((stage: string, options: IssueFlags) => withContext((context) => issue(context, stage, options)))
  keys
    .command('rotate')
    .description('activate SIGNALS_MASTER_KEY: seals the data secret and every connection with it; ids stay the same')
    .option(...json)
    .action((options: Output) => withContext((context) => rotate(context, options)))
}
