import type { HourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'

const at = Date.UTC(2026, 10, 23, 12)
const hour = 3_600_000
const bytes = (text: string) => Buffer.from(text)
const mark = (n: number) => {
  const buffer = Buffer.alloc(8)
  buffer.writeUInt32BE((n * 2_654_435_761) % 2 ** 32, 0)
  buffer.writeUInt32BE(n, 4)
  return buffer
}

/** Run against memory in test/unit and against real Redis in test/integration. */
export const hourBucketsContract = (name: string, open: (options?: { hours: number }) => Promise<HourBuckets>) =>
  describe(`${name} honours the hour-bucket contract`, () => {
    it('lets the first claim hold and tells it to everybody after', async () => {
      const buckets = await open()
      expect(await buckets.claim([{ at, mark: mark(1), value: bytes('aaaa') }])).toEqual([bytes('aaaa')])
      expect(await buckets.claim([{ at, mark: mark(1), value: bytes('bbbb') }])).toEqual([bytes('aaaa')])
    })

    it('lets the holder of a claim pass again', async () => {
      const buckets = await open()
      const claim = [{ at, mark: mark(2), value: bytes('mine') }]
      await buckets.claim(claim)
      expect(await buckets.claim(claim)).toEqual([bytes('mine')])
    })

    it('decides between two copies in one call by their order', async () => {
      const buckets = await open()
      const answers = await buckets.claim([
        { at, mark: mark(3), value: bytes('one_') },
        { at, mark: mark(3), value: bytes('two_') },
      ])
      expect(answers).toEqual([bytes('one_'), bytes('one_')])
    })

    it('keeps marks of different hours apart and finds a late copy by its own hour', async () => {
      const buckets = await open()
      await buckets.claim([{ at, mark: mark(4), value: bytes('noon') }])
      expect(await buckets.claim([{ at: at + hour, mark: mark(4), value: bytes('one ') }])).toEqual([bytes('one ')])
      expect(await buckets.read([{ at: at + 1000, mark: mark(4) }])).toEqual([bytes('noon')])
    })

    it('answers in the order of the entries, null where there is nothing', async () => {
      const buckets = await open()
      const entries = Array.from({ length: 3_000 }, (_, n) => ({
        at: at + (n % 7) * hour,
        mark: mark(1_000 + n),
        value: mark(n),
      }))
      await buckets.write(entries.filter((_, n) => n % 2 === 0))
      const answers = await buckets.read(entries)
      expect(answers.map((value) => value?.readUInt32BE(4) ?? null)).toEqual(
        entries.map((_, n) => (n % 2 === 0 ? n : null)),
      )
    })

    it('overwrites on write', async () => {
      const buckets = await open()
      await buckets.write([{ at, mark: mark(5), value: bytes('x') }])
      await buckets.write([{ at, mark: mark(5), value: bytes('y') }])
      expect(await buckets.read([{ at, mark: mark(5) }])).toEqual([bytes('y')])
    })

    it('finds a claim at another time that a copy may carry, and claims nothing then', async () => {
      const buckets = await open()
      await buckets.claim([{ at, mark: mark(6), value: bytes('noon') }])
      const copy = { at: at + hour, mark: mark(6), value: bytes('copy') }
      expect(await buckets.claim([{ ...copy, alsoAt: [at, at + 2 * hour] }])).toEqual([bytes('noon')])
      expect(await buckets.read([{ at: at + hour, mark: mark(6) }])).toEqual([null])
      expect(await buckets.claim([{ ...copy, alsoAt: [at + 2 * hour] }])).toEqual([bytes('copy')])
    })

    it('shares its buckets among as many hours as it is told', async () => {
      const buckets = await open({ hours: 24 })
      const midnight = Math.floor(at / (24 * hour)) * 24 * hour
      await buckets.claim([{ at: midnight, mark: mark(7), value: bytes('first') }])
      expect(
        await buckets.read([midnight + 23 * hour, midnight + 24 * hour].map((at) => ({ at, mark: mark(7) }))),
      ).toEqual([bytes('first'), null])
    })

    it('takes bytes of any value in marks and values', async () => {
      const buckets = await open()
      const odd = Buffer.from([0, 255, 10, 13, 0, 128, 1, 2])
      expect(await buckets.claim([{ at, mark: odd, value: Buffer.from([0, 200]) }])).toEqual([Buffer.from([0, 200])])
    })
  })
