/** `signals keys`: master keys, and putting a new one into force. Ids only: a key itself is printed where it is made, once. */
import type { Command } from 'commander'
import { readSecrets, writeSecrets } from '../../../local/supervisor/state-file.ts'
import { sealDataSecret } from '../../../runtime/keys/data-secret.ts'
import { Keyring, SealBroken } from '../../../runtime/keys/keyring.ts'
import { connectionSecretsOf, rewrapped } from '../../../shared/connections/tokens/rewrap.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused } from '../../exit.ts'
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
      const at = keyring.masterKeys.indexOf(keyId)
      return {
        keyId,
        role: at === 0 ? 'current' : at > 0 ? 'previous' : 'not given',
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
      ['key', 'given as', 'in force', 'secrets'],
      ...found.map(({ keyId, role, inForce, secrets }) => [keyId, role, inForce ? 'yes' : '', String(secrets)]),
    ]),
  )
}

/** Stages that would meet a key they were not given. */
const unready = async (context: CliContext, keyId: string): Promise<string[]> =>
  [...(await masterKeysOfStages(context))].flatMap(([stage, keys]) => (keys.includes(keyId) ? [] : [stage]))

const rotate = async (context: CliContext, { json }: Output) => {
  const before = await context.keyring()
  const current = before.masterKeys[0] as string
  const behind = await unready(context, current)
  if (behind.length > 0)
    throw new Refused(
      `these stages were not given key ${current} yet: ${behind.join(', ')}; start them again with SIGNALS_MASTER_KEY and SIGNALS_MASTER_KEY_PREVIOUS, then rotate`,
    )
  const tools = { broker: context.broker(), codec: await context.codec() }
  const { keyId, sealed } = await sealDataSecret(context.masterKeys, tools)
  before.adopt({ keyId, sealed })
  const result = await withOpenConnections(context, async ({ directory, writer }) => {
    let done = 0
    const unreadable: string[] = []
    for (const { connectionId } of directory.all()) {
      let changed = false
      try {
        const rewrap = (record: ReturnType<typeof directory.byId>) => {
          const next = record && rewrapped(record, before)
          changed = next !== record
          return next && changed ? next : null
        }
        await writer.change(
          connectionId,
          rewrap,
          { action: 'rewrapped', detail: `under master key ${keyId}` },
          author(),
        )
        if (changed) done++
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error
        unreadable.push(connectionId)
      }
    }
    return { rewrapped: done, unreadable }
  })
  const left = (await rows(context)).filter(({ keyId: id, secrets }) => id !== keyId && secrets > 0)
  const previous = before.masterKeys.slice(1)
  if (json) return printJson({ inForce: keyId, ...result, left: left.map(({ keyId: id }) => id), previous })
  print(`master key ${keyId} is in force; connections sealed anew: ${result.rewrapped}`)
  if (result.unreadable.length > 0)
    print(`sealed under a key that was not given, add them again with their tokens: ${result.unreadable.join(', ')}`)
  if (left.length > 0) print('some were written meanwhile under the key before: rotate once more')
  else if (previous.length > 0)
    print(
      `nothing is sealed under ${previous.join(', ')} any more: take it out of SIGNALS_MASTER_KEY_PREVIOUS and start all processes again`,
    )
}

/** In the data folder's own secrets where the key lies there; otherwise it is printed for the place that keeps it. */
const make = async ({ dataDir }: CliContext, env: NodeJS.ProcessEnv, { json }: Output) => {
  await Keyring.open(Buffer.alloc(32).toString('base64'))
  const key = Keyring.newMasterKey()
  const kept = readSecrets(dataDir)
  if (env.SIGNALS_MASTER_KEY || !kept.SIGNALS_MASTER_KEY) {
    if (json) return printJson({ key })
    return print(key)
  }
  const previous = [kept.SIGNALS_MASTER_KEY, kept.SIGNALS_MASTER_KEY_PREVIOUS].filter(Boolean).join(',')
  writeSecrets(dataDir, { ...kept, SIGNALS_MASTER_KEY: key, SIGNALS_MASTER_KEY_PREVIOUS: previous })
  if (json) return printJson({ keptIn: dataDir })
  print(
    `a new master key is kept in ${dataDir}, the one before as previous: start signals up again, then: signals keys rotate`,
  )
}

export const register = (program: Command) => {
  const keys = program.command('keys').description('master keys: which are in use, putting a new one into force')
  const json = ['--json', 'one JSON value'] as const
  keys
    .command('list')
    .description('the master keys that were given, which is in force, and how many secrets each seals')
    .option(...json)
    .action((options: Output) => withContext((context) => list(context, options)))
  keys
    .command('new')
    .description('a new master key: printed, or kept in the data folder where the present one lies there')
    .option(...json)
    .action((options: Output) => withContext((context) => make(context, process.env, options)))
  keys
    .command('rotate')
    .description(
      'put SIGNALS_MASTER_KEY into force: seals the data secret and every connection anew; ids stay as they are',
    )
    .option(...json)
    .action((options: Output) => withContext((context) => rotate(context, options)))
}
