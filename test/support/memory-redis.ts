/** Redis in memory, with the scripts of authorisations, quarantine and heartbeats. */
import type { RedisCommands, RedisScript } from '../../services/runtime/ports.ts'

export class MemoryRedis implements RedisCommands {
  readonly values = new Map<string, Buffer>()
  /** The time of this Redis, ms. */
  now = 0
  /** Thrown by every script. */
  problem: Error | null = null

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
    if (this.problem) throw this.problem
    return calls.map(({ keys: [key = ''], args: [value = '', more = '', limit = 0] }) => {
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
        case 'heartbeat-write':
        case 'heartbeat-remove':
        case 'heartbeat-read': {
          const fields = new Map<string, string>(JSON.parse(before?.toString() ?? '[]') as [string, string][])
          const seconds = [Math.floor(this.now / 1000), (this.now % 1000) * 1000].map((part) => Buffer.from(`${part}`))
          if (name === 'heartbeat-read') return [...seconds, [...fields].flat()]
          if (name === 'heartbeat-remove') fields.delete(String(value))
          else {
            fields.set(String(value), `{"at":${this.now},${String(more).slice(1)}`)
            for (const [field, text] of fields)
              if (this.now - Number(/^{"at":(\d+)/.exec(text)?.[1]) > Number(limit)) fields.delete(field)
          }
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
