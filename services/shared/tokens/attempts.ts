/**
 * Limits wrong tokens: ten a minute from one address, then none until the minute is over. A token that has worked from the address within
 * the last hour still works meanwhile, since callers behind one proxy share an address. Pure: the caller passes the time.
 */
const maxWrong = 10
const windowMs = 60_000
const rememberedMs = 3_600_000
/** Addresses, and pairs of address and token; the oldest are forgotten. */
const maxEntries = 10_000

interface Wrong {
  count: number
  /** ms */
  readonly since: number
}

const bound = (map: Map<string, unknown>) => {
  if (map.size > maxEntries) map.delete(map.keys().next().value as string)
}

/** `::ffff:1.2.3.4` → `1.2.3.4`; of an IPv6 address the network, since its holder has all the rest. */
const senderOf = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return plain.includes(':') ? plain.split(':').slice(0, 4).join(':') : plain
}

export class TokenAttempts {
  readonly #wrong = new Map<string, Wrong>()
  readonly #worked = new Map<string, number>()

  /** Seconds until the address may try another token; 0: now. @param token a hash, never the token */
  blockedFor(address: string, token: string, now: number): number {
    const sender = senderOf(address)
    const wrong = this.#wrong.get(sender)
    if (!wrong || wrong.count < maxWrong) return 0
    const left = wrong.since + windowMs - now
    if (left <= 0) return 0
    const worked = this.#worked.get(`${sender}\n${token}`)
    return worked !== undefined && now - worked < rememberedMs ? 0 : left / 1000
  }

  wrong(address: string, now: number): void {
    const sender = senderOf(address)
    const before = this.#wrong.get(sender)
    this.#wrong.delete(sender)
    const isSame = before !== undefined && now - before.since < windowMs
    this.#wrong.set(sender, isSame ? { count: before.count + 1, since: before.since } : { count: 1, since: now })
    bound(this.#wrong)
  }

  worked(address: string, token: string, now: number): void {
    const key = `${senderOf(address)}\n${token}`
    this.#worked.delete(key)
    this.#worked.set(key, now)
    bound(this.#worked)
  }
}
