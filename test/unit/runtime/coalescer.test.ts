import { Coalescer } from '../../../services/runtime/coalescer.ts'

/** Requests that end when told to. */
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
    const gather = new Coalescer(send)
    const both = [gather.call(['a', 'b']), gather.call(['c'])]
    await turn()
    expect(sent.map(({ items }) => items)).toEqual([['a', 'b', 'c']])
    sent[0]?.end()
    await Promise.all(both)
  })

  it('wait while a request is under way, and share the next', async () => {
    const { sent, send } = requests()
    const gather = new Coalescer(send)
    const first = gather.call(['a'])
    await turn()
    const later = [gather.call(['b']), gather.call(['c'])]
    await turn()
    expect(sent).toHaveLength(1)
    sent[0]?.end()
    await first
    await turn()
    expect(sent[1]?.items).toEqual(['b', 'c'])
    sent[1]?.end()
    await Promise.all(later)
  })

  it('share no more than fits; what is larger by itself goes alone', async () => {
    const { sent, send } = requests()
    const gather = new Coalescer(send, 10)
    const all = [gather.call(['a'], 6), gather.call(['b'], 4), gather.call(['c'], 1), gather.call(['d'], 50)]
    for (let n = 0; n < 3; n++) {
      await turn()
      sent[n]?.end()
    }
    await Promise.all(all)
    expect(sent.map(({ items }) => items)).toEqual([['a', 'b'], ['c'], ['d']])
  })

  it('are told of a failure if it was theirs, and the next go on', async () => {
    const { sent, send } = requests()
    const gather = new Coalescer(send)
    const failing = [gather.call(['a']), gather.call(['b'])].map((call) => call.catch((error: Error) => error.message))
    await turn()
    const next = gather.call(['c'])
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
