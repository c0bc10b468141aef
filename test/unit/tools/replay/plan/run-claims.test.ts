import { RunClaims } from '../../../../../services/tools/replay/plan/run-claims.ts'
import { noon } from '../../../../support/builders.ts'
import { MemoryHourBuckets } from '../../../../support/memory-hour-buckets.ts'

const bytes = (n: number) => Buffer.alloc(8, n)
const event = (message: number, owner: number) => ({ at: noon, hash: bytes(message), value: bytes(owner) })
const crossSource = (id: number, owner: number) => ({
  at: noon,
  hash: bytes(100 + id),
  value: Buffer.concat([bytes(owner), Buffer.from([1])]),
})

const open = () => {
  const live = { event: new MemoryHourBuckets(), crossSource: new MemoryHourBuckets() }
  const claims = new RunClaims(live)
  /** True where ingest lets the message pass. */
  const passes = async (message: number, owner: number, id?: number) => {
    const keys = {
      event: [event(message, owner)],
      crossSource: id === undefined ? [] : [crossSource(id, owner)],
    }
    const holders = await claims.claim(keys)
    return (
      holders.event[0]?.equals(bytes(owner)) &&
      keys.crossSource.every(({ value }, at) => holders.crossSource[at]?.equals(value))
    )
  }
  return { live, claims, passes }
}

describe('claims of a replay', () => {
  it('recognise a copy within the run', async () => {
    const { passes } = open()
    expect(await passes(1, 10)).toBe(true)
    expect(await passes(1, 11)).toBe(false)
    expect(await passes(1, 10)).toBe(true)
  })

  it('make no live claim, and are not stopped by one', async () => {
    const { live, passes } = open()
    await live.event.claim([event(1, 99)])
    expect(await passes(1, 10)).toBe(true)
    expect(await passes(2, 11)).toBe(true)
    expect(await live.event.read([event(2, 11)])).toEqual([null])
  })

  it('tell which events of the last batch live ingest never let in', async () => {
    const { live, claims, passes } = open()
    await live.event.claim([event(1, 10)])
    await passes(1, 10)
    expect(claims.isUnseen(bytes(10))).toBe(false)
    await passes(2, 20)
    expect(claims.isUnseen(bytes(20))).toBe(true)
  })

  it('leave a message to the source by which live traffic counted it, whichever copy comes first in the run', async () => {
    const { live, passes } = open()
    // Live took message 1 from source A (record 10), and dropped its copy, message 2 from source B (record 20).
    await live.event.claim([event(1, 10), event(2, 20)])
    await live.crossSource.claim([crossSource(7, 10)])
    expect(await passes(2, 20, 7)).toBe(false)
    expect(await passes(1, 10, 7)).toBe(true)
  })

  it('let a second delivery of the counted message pass: its signals have the same ids', async () => {
    const { live, passes } = open()
    await live.event.claim([event(1, 10)])
    await live.crossSource.claim([crossSource(7, 10)])
    expect(await passes(1, 30, 7)).toBe(true)
  })

  it('let the first of two sources count a message that live traffic never saw', async () => {
    const { passes } = open()
    expect(await passes(1, 10, 7)).toBe(true)
    expect(await passes(2, 20, 7)).toBe(false)
  })
})
