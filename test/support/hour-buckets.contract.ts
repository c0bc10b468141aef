import type { HourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'

const at = Date.UTC(2026, 10, 23, 12)
const hour = 3_600_000
const bytes = (text: string) => Buffer.from(text)
const hash = (n: number) => {
  const buffer = Buffer.alloc(8)
  buffer.writeUInt32BE((n * 2_654_435_761) % 2 ** 32, 0)
  buffer.writeUInt32BE(n, 4)
  return buffer
}

/** Run against memory in test/unit and against real Redis in test/integration. */
export const hourBucketsContract = (name: string, open: (options?: { hours: number }) => Promise<HourBuckets>) =>
  describe(`${name} honours the hour-bucket contract`, () => {
    it('keeps the first claim and returns it to later ones', async () => {
      const buckets = await open()
      expect(await buckets.claim([{ at, hash: hash(1), value: bytes('aaaa') }])).toEqual([bytes('aaaa')])
      expect(await buckets.claim([{ at, hash: hash(1), value: bytes('bbbb') }])).toEqual([bytes('aaaa')])
    })

    it('returns its own value to the holder of a claim', async () => {
      const buckets = await open()
      const claim = [{ at, hash: hash(2), value: bytes('mine') }]
      await buckets.claim(claim)
      expect(await buckets.claim(claim)).toEqual([bytes('mine')])
    })

    it('decides between two copies in one call by their order', async () => {
      const buckets = await open()
      const answers = await buckets.claim([
        { at, hash: hash(3), value: bytes('one_') },
        { at, hash: hash(3), value: bytes('two_') },
      ])
      expect(answers).toEqual([bytes('one_'), bytes('one_')])
    })

    it('keeps entries of different hours apart and finds a late copy by its own hour', async () => {
      const buckets = await open()
      await buckets.claim([{ at, hash: hash(4), value: bytes('noon') }])
      expect(await buckets.claim([{ at: at + hour, hash: hash(4), value: bytes('one ') }])).toEqual([bytes('one ')])
      expect(await buckets.read([{ at: at + 1000, hash: hash(4) }])).toEqual([bytes('noon')])
    })

    it('returns values in the order of the entries, null for unknown ones', async () => {
      const buckets = await open()
      const entries = Array.from({ length: 3_000 }, (_, n) => ({
        at: at + (n % 7) * hour,
        hash: hash(1_000 + n),
        value: hash(n),
      }))
      await buckets.write(entries.filter((_, n) => n % 2 === 0))
      const answers = await buckets.read(entries)
      expect(answers.map((value) => value?.readUInt32BE(4) ?? null)).toEqual(
        entries.map((_, n) => (n % 2 === 0 ? n : null)),
      )
    })

    it('forgets all entries of its own, and says how many', async () => {
      const [buckets, other] = [await open(), await open()]
      const entries = Array.from({ length: 2_500 }, (_, n) => ({ at: at + n * hour, hash: hash(n), value: hash(n) }))
      await buckets.write(entries)
      await other.write(entries.slice(0, 3))
      expect(await buckets.clear()).toBe(2_500)
      expect((await buckets.read(entries)).filter((value) => value !== null)).toEqual([])
      expect((await other.read(entries.slice(0, 3))).every((value) => value !== null)).toBe(true)
      expect(await buckets.clear()).toBe(0)
    })

    it('overwrites on write', async () => {
      const buckets = await open()
      await buckets.write([{ at, hash: hash(5), value: bytes('x') }])
      await buckets.write([{ at, hash: hash(5), value: bytes('y') }])
      expect(await buckets.read([{ at, hash: hash(5) }])).toEqual([bytes('y')])
    })

    it('finds a claim at another time that a copy may have, and then claims nothing', async () => {
      const buckets = await open()
      await buckets.claim([{ at, hash: hash(6), value: bytes('noon') }])
      const copy = { at: at + hour, hash: hash(6), value: bytes('copy') }
      expect(await buckets.claim([{ ...copy, alsoAt: [at, at + 2 * hour] }])).toEqual([bytes('noon')])
      expect(await buckets.read([{ at: at + hour, hash: hash(6) }])).toEqual([null])
      expect(await buckets.claim([{ ...copy, alsoAt: [at + 2 * hour] }])).toEqual([bytes('copy')])
    })

    it('shares its buckets among the configured number of hours', async () => {
      const buckets = await open({ hours: 24 })
      const midnight = Math.floor(at / (24 * hour)) * 24 * hour
      await buckets.claim([{ at: midnight, hash: hash(7), value: bytes('first') }])
      expect(
        await buckets.read([midnight + 23 * hour, midnight + 24 * hour].map((at) => ({ at, hash: hash(7) }))),
      ).toEqual([bytes('first'), null])
    })

    it('takes any bytes in hashes and values', async () => {
      const buckets = await open()
      const odd = Buffer.from([0, 255, 10, 13, 0, 128, 1, 2])
      expect(await buckets.claim([{ at, hash: odd, value: Buffer.from([0, 200]) }])).toEqual([Buffer.from([0, 200])])
    })
  })
