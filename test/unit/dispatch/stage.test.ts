import { dispatch } from '../../../services/dispatch/stage.ts'
import { BadRecord } from '../../../services/failures.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import type { Delivery } from '../../../services/shared/model/topic-values.ts'
import { consumedRecord, noon, signal } from '../../support/builders.ts'
import { idsOf, numbered, openDispatch, some, times } from '../../support/dispatch-world.ts'
import { MemoryHourBuckets } from '../../support/memory-hour-buckets.ts'

describe('sending a batch', () => {
  it('groups it by connection, in calls of a bounded size, in order', async () => {
    const world = openDispatch({ eventsPerCall: 3 })
    world.connect('a')
    world.connect('b')
    const batch = [...some('a', 4), ...some('b', 2)]
    expect((await world.run(batch)).words).toEqual(times(6, 'accepted'))
    expect([...world.callSizes()].sort()).toEqual([1, 2, 3])
    expect(world.acceptedIds().filter((id) => idsOf(some('a', 4)).includes(id as string))).toEqual(idsOf(some('a', 4)))
  })

  it('records code, request id, attempt and times', async () => {
    const world = openDispatch()
    world.connect('a')
    const { outcomes } = await world.run([numbered('a', 0)], { attempt: 2 })
    const [record] = (outcomes[0] as unknown as { records: { topic: string; key: string; value: Delivery }[] }).records
    expect(record).toMatchObject({
      topic: 'deliveries',
      key: 'a',
      value: { outcome: 'accepted', code: 0, attempt: 2, occurredAt: noon, kind: 'conversation' },
    })
    expect(record?.value.requestId).toMatch(/^\d{20,}$/)
  })

  it('sends the events of a connection with a test event code as tests, and says so in their deliveries', async () => {
    const buckets = new MemoryHourBuckets()
    const deliveriesOf = ({ outcomes }: { readonly outcomes: readonly unknown[] }) =>
      outcomes.map((one) => (one as { records: { value: Delivery }[] }).records[0]?.value)
    const world = openDispatch({ buckets })
    world.connect('a', { testEventCode: 'TEST1' })
    world.connect('b')
    const first = await world.run([numbered('a', 0), numbered('b', 0)], { save: false })
    expect(deliveriesOf(first)).toMatchObject([
      { outcome: 'accepted', test: true },
      { outcome: 'accepted', test: false },
    ])
    expect(world.testCodes().sort()).toEqual(['TEST1', undefined])
    // The process died, and the code was taken away before the batch came again.
    const after = openDispatch({ buckets })
    after.connect('a')
    expect(deliveriesOf(await after.run([numbered('a', 0)]))).toMatchObject([{ outcome: 'accepted', test: true }])
    expect(after.callSizes()).toEqual([])
  })

  it('does not send again a signal with a record in the sent log, and publishes the same outcome', async () => {
    const buckets = new MemoryHourBuckets()
    const before = openDispatch({ buckets })
    before.connect('a')
    const first = await before.run([numbered('a', 0)], { save: false })
    // The process died before its offsets moved: another one reads the batch again, with one more signal.
    const after = openDispatch({ buckets })
    after.connect('a')
    const second = await after.run([numbered('a', 0), numbered('a', 1)])
    expect(second.words).toEqual(['accepted', 'accepted'])
    expect(after.acceptedIds()).toEqual([numbered('a', 1).signalId])
    const deliveryOf = ({ outcomes }: typeof first) =>
      (outcomes[0] as unknown as { records: { value: Delivery }[] }).records[0]?.value
    expect({ ...deliveryOf(second), requestId: null }).toEqual({ ...deliveryOf(first), requestId: null })
  })

  it('publishes no outcome twice once the broker has it', async () => {
    const world = openDispatch()
    world.connect('a')
    await world.run(some('a', 2))
    expect((await world.run(some('a', 3))).words).toEqual(['dropped recorded', 'dropped recorded', 'accepted'])
  })

  it('sends two copies in one batch once', async () => {
    const world = openDispatch()
    world.connect('a')
    expect((await world.run([numbered('a', 0), numbered('a', 0)])).words).toEqual(['accepted', 'dropped repeated'])
    expect(world.repeats()).toBe(0)
    expect(world.callSizes()).toEqual([1])
  })

  it('fails as a whole when an answer cannot be written, and sends nothing again once it can', async () => {
    const world = openDispatch()
    world.connect('a')
    const write = world.buckets.write.bind(world.buckets)
    world.buckets.write = () => Promise.reject(new DependencyError('redis', 'away'))
    await expect(world.run([numbered('a', 0)])).rejects.toThrow(DependencyError)
    world.buckets.write = write
    expect((await world.run([numbered('a', 0)])).words).toEqual(['accepted'])
    expect(world.callSizes()).toEqual([1])
  })

  it('does not send what is older than 28 days', async () => {
    const world = openDispatch()
    world.connect('a')
    const old = numbered('a', 0, { occurredAt: noon - 29 * 86_400_000 })
    expect((await world.run([old, numbered('a', 1)])).words).toEqual(['expired', 'accepted'])
    expect(world.acceptedIds()).toEqual([numbered('a', 1).signalId])
  })
})

describe('consent right before sending', () => {
  it.each([
    ['paused', 'parked paused'],
    ['reconnect', 'parked reconnect'],
    ['disconnected', 'withheld'],
  ] as const)('%s: %s', async (status, word) => {
    const world = openDispatch()
    world.connect('a', { status })
    expect((await world.run(some('a', 2))).words).toEqual([word, word])
    expect(world.callSizes()).toEqual([])
  })

  it('a signal of a consent that has ended is withheld, also when the connection has been added again since', async () => {
    const world = openDispatch()
    world.connect('a', { connectedAt: noon + 500 })
    const ofThen = { headers: { consent: String(noon - 500) } }
    const ofNow = { headers: { consent: String(noon + 500) } }
    expect((await world.run([numbered('a', 0)], ofThen)).words).toEqual(['withheld'])
    expect((await world.run([numbered('a', 1)], ofNow)).words).toEqual(['accepted'])
    expect(world.acceptedIds()).toEqual(idsOf([numbered('a', 1)]))
  })

  it('a signal of a forgotten person is withheld, also one that was parked; others are sent', async () => {
    const world = openDispatch()
    world.connect('a')
    world.suppressed.add('mark of one')
    const of = (mark: string) => ({ headers: { consent: '0', 'suppression-mark': mark } })
    expect((await world.run([numbered('a', 0)], of('mark of one'))).words).toEqual(['withheld'])
    expect((await world.run([numbered('a', 1)], of('mark of other'))).words).toEqual(['accepted'])
  })

  it('a signal without a consent of its own is judged by the time of receipt', async () => {
    const world = openDispatch()
    world.connect('a', { connectedAt: noon - 500 })
    const received = (ms: number) => ({ headers: { 'received-at': String(noon + ms) } })
    expect((await world.run([numbered('a', 0)], received(-501))).words).toEqual(['withheld'])
    expect((await world.run([numbered('a', 1)], received(-500))).words).toEqual(['accepted'])
    expect((await world.run([numbered('a', 2)])).words).toEqual(['accepted'])
  })

  it('so is one that waits for its call while the connection is disconnected and added again', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.onCall(() => world.connect('a', { connectedAt: noon + 500 }))
    const ofThen = { headers: { consent: '0' } }
    expect((await world.run(some('a', 3), ofThen)).words).toEqual(['accepted', 'withheld', 'withheld'])
  })

  it('an unknown connection is waited for, then its signals are withheld', async () => {
    const world = openDispatch()
    expect((await world.run(some('a', 1))).words).toEqual(['deferred 10s connection_unknown'])
    expect((await world.run(some('a', 1), { attempt: 3 })).words).toEqual(['withheld'])
  })

  it('a disconnect between two calls stops the second', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.onCall(() => world.connect('a', { status: 'disconnected', accessToken: null }))
    expect((await world.run(some('a', 2))).words).toEqual(['accepted', 'withheld'])
  })
})

describe('decoding', () => {
  it('refuses a signal whose id has another format', () => {
    const stage = dispatch({
      codec: { decode: () => signal({ signalId: 'x' }) as never },
      sentLog: { read: async () => [], write: async () => {} },
      breakers: { refresh: async () => {} },
      scheduler: { send: async () => {} },
      eligibilityOf: () => ({ eligible: false, result: { kind: 'withheld' } }),
      parts: undefined,
      expireMs: 1,
      warnMs: 1,
    })
    expect(() => stage.decode(consumedRecord())).toThrow(BadRecord)
  })
})
