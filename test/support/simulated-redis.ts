/**
 * A Redis in memory whose last writes can be lost, as those of a server that was killed before an fsync. The scripts are those of the
 * stores, written again in TypeScript; test/integration runs the real ones.
 */

import { DependencyError, type RedisCommands, type RedisKey, type RedisScript } from '../../services/runtime/ports.ts'
import { format, formatMask, versionAt } from '../../services/runtime/versioned-state/format.ts'

type Value = Buffer | ReadonlyMap<string, Buffer>
type Args = readonly (string | Buffer | number)[]

const textOf = (key: RedisKey) => (typeof key === 'string' ? key : key.toString('latin1'))
const bytesOf = (value: string | Buffer | number) => (Buffer.isBuffer(value) ? value : Buffer.from(String(value)))

const versionOf = (value: Value | undefined): number | null =>
  Buffer.isBuffer(value) && value.length > versionAt + 1 && ((value[0] as number) & formatMask) === format
    ? value.readUInt16BE(versionAt)
    : null

/** Entries of a call of the hour buckets; see hour-bucket-scripts.ts. */
const entriesIn = (blob: Buffer, keys: readonly string[]) => {
  const entries: { key: string; others: string[]; hash: string; value: Buffer }[] = []
  for (let at = 0; at < blob.length; ) {
    const count = blob[at + 2] as number
    const keyAt = (position: number) => keys[blob.readUInt16BE(position)] as string
    const from = at + 3 + 2 * count
    const size = blob[from + 8] as number
    entries.push({
      key: keyAt(at),
      others: Array.from({ length: count }, (_, n) => keyAt(at + 3 + 2 * n)),
      hash: blob.toString('latin1', from, from + 8),
      value: blob.subarray(from + 9, from + 9 + size),
    })
    at = from + 9 + size
  }
  return entries
}

export class SimulatedRedisServer {
  readonly #values = new Map<string, Value>()
  /** What each write replaced, oldest first. */
  #journal: { readonly key: string; readonly before: Value | undefined }[] = []
  #isAway = false
  disconnects = 0
  /** false: states of conversations are overwritten without a comparison, as before decision 055. */
  comparesVersions = true

  /** Number of writes since the last snapshot. */
  get unsaved(): number {
    return this.#journal.length
  }

  /** From now on, no write before this is lost. */
  snapshot(): void {
    this.#journal = []
  }

  /** Killed and started again without its last acknowledged writes. @param lost their number */
  crash(lost: number): void {
    for (let n = 0; n < lost; n++) {
      const last = this.#journal.pop()
      if (!last) break
      if (last.before === undefined) this.#values.delete(last.key)
      else this.#values.set(last.key, last.before)
    }
    this.disconnects++
  }

  /** Loses everything without a disconnect, as FLUSHALL does. */
  flush(): void {
    this.#values.clear()
    this.#journal = []
  }

  set away(isAway: boolean) {
    if (isAway && !this.#isAway) this.disconnects++
    this.#isAway = isAway
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** The commands as the server runs them, at once. */
  readonly commands = {
    getMany: (keys: readonly RedisKey[]) => keys.map((key) => this.#get(textOf(key))),
    setMany: (entries: readonly { key: RedisKey; value: Buffer }[]) => {
      for (const { key, value } of entries) this.#set(textOf(key), value)
    },
    evalMany: (script: RedisScript, calls: readonly { keys: readonly RedisKey[]; args: Args }[]) =>
      calls.map(({ keys, args }) => this.#run(script, keys.map(textOf), args)),
  }

  /** @param ask runs a command; default: at once. It fails when the connection is lost before the answer, whether it ran or not */
  client(ask: <T>(work: () => T) => Promise<T> = (work) => this.#ask(work)): RedisCommands {
    const server = this
    return {
      isCluster: false,
      get disconnects() {
        return server.disconnects
      },
      getMany: (keys) => ask(() => server.commands.getMany(keys)),
      setMany: (entries) => ask(() => server.commands.setMany(entries)),
      evalMany: (script, calls) => ask(() => server.commands.evalMany(script, calls)),
      info: () => ask(() => new Map()),
      ping: () => ask(() => {}),
      close: async () => {},
    }
  }

  async #ask<T>(work: () => T): Promise<T> {
    const away = () => new DependencyError('redis', 'away')
    if (this.#isAway) throw away()
    const { disconnects } = this
    const answer = work()
    await Promise.resolve()
    if (this.disconnects !== disconnects) throw away()
    return answer
  }

  #get(key: string): Buffer | null {
    const value = this.#values.get(key)
    return Buffer.isBuffer(value) ? value : null
  }

  #set(key: string, value: Value | undefined): void {
    this.#journal.push({ key, before: this.#values.get(key) })
    if (value === undefined) this.#values.delete(key)
    else this.#values.set(key, value)
  }

  #hash(key: string): ReadonlyMap<string, Buffer> {
    const value = this.#values.get(key)
    return value === undefined || Buffer.isBuffer(value) ? new Map() : value
  }

  #run({ name }: RedisScript, keys: readonly string[], args: Args): unknown {
    const [key = '', second = ''] = keys
    switch (name) {
      case 'advanceCheckpoints':
        return keys.map((one, n) => {
          if ((this.#get(one)?.toString() ?? '') !== args[2 * n]) return 0
          this.#set(one, bytesOf(args[2 * n + 1] as string))
          return 1
        })
      case 'saveStates': {
        const isKept = (one: string, n: number) => ![null, args[2 * n + 1]].includes(versionOf(this.#values.get(one)))
        const kept = this.comparesVersions ? keys.filter(isKept) : []
        keys.forEach((one, n) => {
          if (!kept.includes(one)) this.#set(one, args[2 * n + 2] as Buffer)
        })
        return kept.length
      }
      case 'restoreStates':
        keys.forEach((one, n) => {
          const value = args[2 * n] as Buffer
          const stored = versionOf(this.#values.get(one))
          if (stored === null || stored <= (versionOf(value) as number)) this.#set(one, value)
        })
        return null
      case 'completeStates':
      case 'sent-log-complete': {
        if (!this.#values.has(second)) return Number(this.#values.has(key))
        this.#set(second, undefined)
        this.#set(key, Buffer.from('1'))
        return 1
      }
      case 'claim':
      case 'read':
      case 'write':
        return this.#buckets(name, entriesIn(args[0] as Buffer, keys))
      default:
        throw new Error(`SimulatedRedisServer has no script ${name}`)
    }
  }

  #buckets(name: 'claim' | 'read' | 'write', entries: ReturnType<typeof entriesIn>): unknown[] {
    const out: unknown[] = []
    entries.forEach(({ key, others, hash, value }, n) => {
      const found = [...(name === 'claim' ? others : []), key]
        .map((one) => this.#hash(one).get(hash))
        .find((one) => one !== undefined)
      if (name === 'write' || (name === 'claim' && found === undefined))
        this.#set(key, new Map([...this.#hash(key), [hash, value]]))
      if (name !== 'write' && found !== undefined && (name === 'read' || !found.equals(value))) out.push(n + 1, found)
    })
    return out
  }
}
