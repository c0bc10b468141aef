import { Coalescer } from '../../../services/runtime/coalescer.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** Requests that the test ends. */
const requests = () => {
  const sent: { readonly items: readonly string[]; end(error?: Error): void }[] = []
  const send = (items: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      sent.push({ items, end: (error) => (error ? reject(error) : resolve()) })
    })
  return { sent, send }
}
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('calls that arrive together', () => {
  it('share a request, in the order of the calls', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send)
    const both = [coalescer.call(['a', 'b']), coalescer.call(['c'])]
    await turn()
    expect(sent.map(({ items }) => items)).toEqual([['a', 'b', 'c']])
    sent[0]?.end()
    await Promise.all(both)
  })

  it('wait while a request is running, and share the next', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send)
    const first = coalescer.call(['a'])
    await turn()
    const later = [coalescer.call(['b']), coalescer.call(['c'])]
    await turn()
    expect(sent).toHaveLength(1)
    sent[0]?.end()
    await first
    await turn()
    expect(sent[1]?.items).toEqual(['b', 'c'])
    sent[1]?.end()
    await Promise.all(later)
  })

  it('share no more than the maximum size; a larger call is sent alone', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send, 10)
    const all = [
      coalescer.call(['a'], 6),
      coalescer.call(['b'], 4),
      coalescer.call(['c'], 1),
      coalescer.call(['d'], 50),
    ]
    for (let n = 0; n < 3; n++) {
      await turn()
      sent[n]?.end()
    }
    await Promise.all(all)
    expect(sent.map(({ items }) => items)).toEqual([['a', 'b'], ['c'], ['d']])
  })

  it('are rejected by a failure of their request only', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send)
    const failing = [coalescer.call(['a']), coalescer.call(['b'])].map((call) =>
      call.catch((error: Error) => error.message),
    )
    await turn()
    const next = coalescer.call(['c'])
    sent[0]?.end(new Error('away'))
    expect(await Promise.all(failing)).toEqual(['away', 'away'])
    await turn()
    expect(sent[1]?.items).toEqual(['c'])
    sent[1]?.end()
    await next
  })

  it('may start earlier than at the end of the turn', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send, undefined, queueMicrotask)
    const both = [coalescer.call(['a']), coalescer.call(['b'])]
    await Promise.resolve()
    expect(sent.map(({ items }) => items)).toEqual([['a', 'b']])
    sent[0]?.end()
    await Promise.all(both)
  })
})

describe('a queued call', () => {
  it('can be cancelled until its request starts', async () => {
    const { sent, send } = requests()
    const coalescer = new Coalescer(send)
    const first = coalescer.enqueue(['a'])
    await turn()
    const [second, third] = [coalescer.enqueue(['b']), coalescer.enqueue(['c'])]
    expect([first.cancel(), second.cancel(), second.cancel()]).toEqual([false, true, false])
    sent[0]?.end()
    await first.done
    await turn()
    sent[1]?.end()
    await third.done
    expect(sent.map(({ items }) => items)).toEqual([['a'], ['c']])
  })
})

describe('paced requests', () => {
  it('overlap up to a limit, each an interval after the last', async () => {
    const clock = new FakeClock()
    const { sent, send } = requests()
    const coalescer = new Coalescer(send, 10, setImmediate, { maxRequests: 2, intervalMs: 8, timers: clock })
    const calls = [coalescer.call(['a'])]
    await clock.advance(1)
    calls.push(coalescer.call(['b']))
    await clock.advance(1)
    calls.push(coalescer.call(['c']))
    expect(sent.map(({ items }) => items)).toEqual([['a']])
    await clock.advance(8)
    expect(sent.map(({ items }) => items)).toEqual([['a'], ['b', 'c']])
    calls.push(coalescer.call(['d']))
    await clock.advance(1_000)
    expect(sent).toHaveLength(2)
    sent[1]?.end()
    await Promise.all(calls.slice(1, 3))
    expect(sent[2]?.items).toEqual(['d'])
    sent[0]?.end()
    sent[2]?.end()
    await Promise.all(calls)
    expect(clock.pending).toBe(0)
  })
})
