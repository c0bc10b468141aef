import { topics } from '../../../../services/topology.ts'
import { noon } from '../../../support/builders.ts'
import { openDiagnostics, problemsIn } from '../../../support/diagnostics-context.ts'

describe('the clocks that the doctor compares', () => {
  it.each([100, 3_000, 5_900])(
    'takes no connecting time for a difference of clocks: Redis looks after %i of 6,000 ms',
    async (ms) => {
      const { state, run } = await openDiagnostics()
      state.redisAnswersAfter = 6_000
      state.info.server_time_usec = String((noon + ms) * 1_000)
      expect(problemsIn(await run())).toEqual([])
    },
  )

  it('takes a record that Kafka stored while the doctor connected for none from the future', async () => {
    const { state, clock, run } = await openDiagnostics()
    const { broker, cluster } = state
    const progress = broker.progress.bind(broker)
    let isSlow = true
    broker.progress = async (groups) => {
      if (isSlow) {
        isSlow = false
        await clock.advance(6_000)
        cluster.now = clock.now
        const record = { topic: topics.deliveries.name, key: 'k', value: Buffer.from('x') }
        await (await broker.producer()).send([record])
      }
      return progress(groups)
    }
    expect(problemsIn(await run())).toEqual([])
  })

  it.each<[string, number, readonly RegExp[]]>([
    ['is right', 0, []],
    ['took a delivery half a minute before Kafka was back', -30_000, []],
    ['is ahead', 3_600_000, [/gateway's clock is at least 3600.0 s ahead of Kafka's/]],
    ['is behind', -3_600_000, [/gateway's clock is about 3600 s behind Kafka's/]],
  ])('compares the clock of the gateway with that of Kafka: it %s', async (_, ahead, wanted) => {
    const { state, run } = await openDiagnostics()
    const headers = { 'received-at': String(state.cluster.now() + ahead), 'verified-by': 'source' }
    const record = { topic: topics.channelEvents.name, key: 'k', value: Buffer.from('x'), headers }
    await (await state.broker.producer()).send([record])
    const found = problemsIn(await run()).map(({ what }) => what)
    expect(found).toEqual(wanted.map((one) => expect.stringMatching(one)))
  })

  it('judges no clock by a record that a connector wrote', async () => {
    const { state, run } = await openDiagnostics()
    const headers = { 'received-at': String(noon + 3_600_000) }
    const record = { topic: topics.channelEvents.name, key: 'k', value: Buffer.from('x'), headers }
    await (await state.broker.producer()).send([record])
    expect(problemsIn(await run())).toEqual([])
  })
})
