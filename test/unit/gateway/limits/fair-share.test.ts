import { FairShare, windowMs } from '../../../../services/gateway/limits/fair-share.ts'

const perWindow = (perSecond: number) => (perSecond * windowMs) / 1_000

/**
 * Accounts that send at a rate to a process that can do so many a second: what is left over makes it late.
 * @param isQueue it waits in a queue, and the event loop is on time
 * @param refusal what a refusal costs, as a share of an acceptance
 * @returns the accepted and refused deliveries of each account in the last ten windows
 */
const play = (
  share: FairShare,
  rates: Readonly<Record<string, number>>,
  capacity: number,
  windows: number,
  isQueue = false,
  refusal = 0,
) => {
  const counts = Object.fromEntries(Object.keys(rates).map((name) => [name, { accepted: 0, refused: 0 }]))
  let backlog = 0
  for (let n = 0; n < windows; n++) {
    let done = 0
    let refused = 0
    for (const [name, rate] of Object.entries(rates)) {
      for (let one = 0; one < perWindow(rate); one++) {
        const isRefused = share.isBeyond(name)
        if (!isRefused) share.take(name, 1)
        if (isRefused) refused++
        else done++
        const count = counts[name] as { accepted: number; refused: number }
        if (n < windows - 10) continue
        if (isRefused) count.refused++
        else count.accepted++
      }
    }
    const processed = Math.min(backlog + done, Math.max(1, perWindow(capacity) - refused * refusal))
    backlog += done - processed
    const waitMs = (backlog / capacity) * 1_000
    for (let one = 0; one < processed; one++) share.stored(isQueue ? waitMs + one : 1)
    if (isQueue) share.tick(0, 0.5)
    else share.tick(waitMs, Math.min(1, (done + refused * refusal) / perWindow(capacity)))
  }
  return counts
}

describe('the fair share of accounts', () => {
  it('refuses nobody while the process keeps up', () => {
    const share = new FairShare()
    const counts = play(share, { a: 400, b: 40 }, 500, 100)
    expect(counts).toMatchObject({ a: { refused: 0 }, b: { refused: 0 } })
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([
    ['the event loop is late', false],
    ['deliveries wait in a queue', true],
  ])('refuses the account that floods, and none of the others: %s', (_, isQueue) => {
    const counts = play(new FairShare(), { flood: 1_500, b: 40, c: 80 }, 500, 200, isQueue)
    expect(counts).toMatchObject({ b: { refused: 0 }, c: { refused: 0 } })
    expect(counts.flood?.refused).toBeGreaterThan(perWindow(1_500) * 10 * 0.5)
    // What is left over is used.
    expect(counts.flood?.accepted).toBeGreaterThan(perWindow(380) * 10 * 0.4)
  })

  it('treats equals alike', () => {
    const counts = play(new FairShare(), { a: 600, b: 600, c: 20 }, 500, 200)
    expect(counts.c?.refused).toBe(0)
    expect(counts.a).toEqual(counts.b)
  })

  it('leaves every account a few, however late the process is', () => {
    const share = new FairShare()
    for (let n = 0; n < 100; n++) {
      share.stored(5_000)
      share.tick(10_000, 1)
    }
    expect(share.quota).toBe(40)
    expect(share.isBeyond('a')).toBe(false)
  })

  it('goes on with half of what it can do where refusing costs nearly as much, as in a storm of retries', () => {
    const share = new FairShare()
    play(share, { a: 400 }, 500, 40, true, 0.3)
    const counts = play(share, { a: 1_200 }, 500, 200, true, 0.3)
    expect(counts.a?.accepted).toBeGreaterThan(perWindow(500) * 10 * 0.3)
  })

  it('refuses no more because nothing is stored at all, as while Kafka is away', () => {
    const share = new FairShare()
    play(share, { a: 400 }, 500, 40)
    for (let n = 0; n < 40; n++) {
      share.take('a', 100)
      share.tick(10_000, 1)
    }
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })

  it('takes one long pause for no overload', () => {
    const share = new FairShare()
    for (let n = 0; n < 20; n++) {
      share.take('a', 100)
      share.tick(n === 10 ? 400 : 0, 1)
    }
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })

  it('takes some slow deliveries among quick ones for no overload', () => {
    const share = new FairShare()
    for (let n = 0; n < 100; n++) {
      share.take('a', 100)
      for (const ms of [900, 20, 2_000]) share.stored(ms)
      share.tick(0, 0.95)
    }
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })

  it('takes a machine that is busy with other work for no overload', () => {
    const share = new FairShare()
    for (let n = 0; n < 100; n++) {
      share.take('a', 100)
      share.tick(400, 0.5)
    }
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })

  it('refuses nobody any more once the flood is over', () => {
    const share = new FairShare()
    play(share, { flood: 1_500, b: 40 }, 500, 100)
    expect(share.quota).toBeLessThan(1_000)
    play(share, { b: 40 }, 500, 100)
    expect(share.quota).toBe(Number.POSITIVE_INFINITY)
  })
})
