import { RunClaims } from '../../../../../services/tools/replay/plan/run-claims.ts'
import { noon } from '../../../../support/builders.ts'
import { MemoryHourBuckets } from '../../../../support/memory-hour-buckets.ts'

const bytes = (n: number) => Buffer.alloc(8, n)
const own = (message: number, owner: number) => ({ at: noon, hash: bytes(message), value: bytes(owner) })
const feed = (id: number, owner: number) => ({
  at: noon,
  hash: bytes(100 + id),
  value: Buffer.concat([bytes(owner), Buffer.from([1])]),
})

const open = () => {
  const live = { dedup: new MemoryHourBuckets(), feeds: new MemoryHourBuckets() }
  const claims = new RunClaims(live)
  /** True where the message goes on. */
  const ask = async (message: number, owner: number, id?: number) => {
    const feeds = id === undefined ? [] : [feed(id, owner)]
    const [holders, feedHolders] = await Promise.all([
      claims.dedup.claim([own(message, owner)]),
      claims.feeds.claim(feeds),
    ])
    return holders[0]?.equals(bytes(owner)) && feeds.every(({ value }, at) => feedHolders[at]?.equals(value))
  }
  return { live, ask }
}

describe('claims of a replay', () => {
  it('recognise a copy within the run', async () => {
    const { ask } = open()
    expect(await ask(1, 10)).toBe(true)
    expect(await ask(1, 11)).toBe(false)
    expect(await ask(1, 10)).toBe(true)
  })

  it('make no live claim, and are not stopped by one', async () => {
    const { live, ask } = open()
    await live.dedup.claim([own(1, 99)])
    expect(await ask(1, 10)).toBe(true)
    expect(await ask(2, 11)).toBe(true)
    expect(await live.dedup.read([own(2, 11)])).toEqual([null])
  })

  it('leave a message to the feed by which live traffic counted it, whichever comes first in the run', async () => {
    const { live, ask } = open()
    // Live took message 1 by feed A (record 10), and dropped its copy, message 2 by feed B (record 20).
    await live.dedup.claim([own(1, 10), own(2, 20)])
    await live.feeds.claim([feed(7, 10)])
    expect(await ask(2, 20, 7)).toBe(false)
    expect(await ask(1, 10, 7)).toBe(true)
  })

  it('let a second delivery of the message that was counted pass: its signals have the same ids', async () => {
    const { live, ask } = open()
    await live.dedup.claim([own(1, 10)])
    await live.feeds.claim([feed(7, 10)])
    expect(await ask(1, 30, 7)).toBe(true)
  })

  it('let the first of two feeds count what live traffic never saw', async () => {
    const { ask } = open()
    expect(await ask(1, 10, 7)).toBe(true)
    expect(await ask(2, 20, 7)).toBe(false)
  })
})
