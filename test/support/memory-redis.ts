/** Redis in memory, with the scripts that authorisations use. */
import type { RedisCommands, RedisScript } from '../../services/runtime/ports.ts'

export class MemoryRedis implements RedisCommands {
  readonly values = new Map<string, Buffer>()

  async getMany(keys: readonly string[]) {
    return keys.map((key) => this.values.get(key) ?? null)
  }
  async setMany(entries: readonly { key: string; value: Buffer; ttlSeconds: number }[]) {
    for (const { key, value } of entries) this.values.set(key, value)
  }
  async evalMany(
    { name }: RedisScript,
    calls: readonly { keys: readonly string[]; args: readonly (string | Buffer | number)[] }[],
  ) {
    return calls.map(({ keys: [key = ''], args: [value = ''] }) => {
      const before = this.values.get(key) ?? null
      switch (name) {
        case 'take-authorisation':
          this.values.delete(key)
          return before
        case 'refresh-lock':
          if (before) return null
          this.values.set(key, Buffer.from(String(value)))
          return Buffer.from('OK')
        case 'refresh-unlock':
          return before?.toString() === value ? Number(this.values.delete(key)) : 0
        default:
          throw new Error(`MemoryRedis has no script ${name}`)
      }
    })
  }
  readonly isCluster = false
  disconnects = 0
  async info() {
    return new Map<string, string>()
  }
  async ping() {}
  async close() {}
}
