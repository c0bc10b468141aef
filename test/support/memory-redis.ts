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
    return calls.map(({ keys: [key = ''], args: [value = '', more = ''] }) => {
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
        case 'quarantine-add':
        case 'quarantine-remove':
        case 'quarantine-all': {
          const fields = new Map<string, string>(JSON.parse(before?.toString() ?? '[]') as [string, string][])
          if (name === 'quarantine-all') return [...fields].flat()
          const field = String(value)
          if (name === 'quarantine-remove') {
            const removed = fields.delete(field)
            this.values.set(key, Buffer.from(JSON.stringify([...fields])))
            return Number(removed)
          }
          if (!fields.has(field)) fields.set(field, String(more))
          this.values.set(key, Buffer.from(JSON.stringify([...fields])))
          return null
        }
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
