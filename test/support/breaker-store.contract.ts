import type { BreakerStore } from '../../services/dispatch/circuit-breaker/redis-store.ts'
import type { BreakerRecord } from '../../services/dispatch/circuit-breaker/state-machine.ts'

const note = (fields: Partial<BreakerRecord> = {}): BreakerRecord => ({
  failures: 1,
  slows: 0,
  cause: 'timeout',
  since: 1_000,
  waitingFrom: 9_000,
  mainFrom: 19_000,
  ...fields,
})

export const breakerStoreContract = (name: string, open: () => Promise<BreakerStore>) =>
  describe(`${name} stores the breakers`, () => {
    it('reads what was written, and null for a closed breaker', async () => {
      const store = await open()
      await store.write([
        ['a', note()],
        ['b', note({ failures: 3, cause: 'http_5xx' })],
      ])
      expect(await store.read(['b', 'c', 'a'])).toEqual([note({ failures: 3, cause: 'http_5xx' }), null, note()])
      expect(await store.read([])).toEqual([])
    })

    it('forgets closed breakers, and lists the others', async () => {
      const store = await open()
      await store.write([
        ['a', note()],
        ['b', note({ cause: 'slow' })],
      ])
      await store.write([['a', null]])
      expect([...(await store.all())]).toEqual([['b', note({ cause: 'slow' })]])
    })

    it('grants one of two concurrent claims', async () => {
      const store = await open()
      await store.write([['a', note()]])
      const next = note({ waitingFrom: 12_000 })
      const won = await Promise.all([store.claim('a', note(), next), store.claim('a', note(), next)])
      expect(won.sort()).toEqual([false, true])
      expect(await store.read(['a'])).toEqual([next])
    })

    it('grants no claim on a closed breaker', async () => {
      const store = await open()
      expect(await store.claim('a', note(), note())).toBe(false)
      expect(await store.read(['a'])).toEqual([null])
    })
  })
