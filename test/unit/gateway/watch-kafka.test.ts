import { watchKafka } from '../../../services/gateway/watch-kafka.ts'
import { Health } from '../../../services/runtime/health/health.ts'
import { KafkaConnectivity } from '../../../services/runtime/health/kafka-connectivity.ts'
import type { Logger } from '../../../services/runtime/log.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const open = () => {
  const clock = new FakeClock()
  const health = new Health(clock)
  health.to('running')
  const lines: string[] = []
  const log = { info: (text: string) => lines.push(text), warn: (_facts: object, text: string) => lines.push(text) }
  const connectivity = new KafkaConnectivity(health, log as unknown as Logger)
  return { clock, health, lines, connectivity }
}

describe('the poll of Kafka while no delivery arrives', () => {
  it('turns the health of the gateway, and logs each change once', async () => {
    const { clock, health, lines, connectivity } = open()
    let away = true
    let polls = 0
    const progress = async () => {
      polls++
      if (away) throw new DependencyError('kafka', 'away')
      return []
    }
    const stop = watchKafka({ progress }, connectivity, clock)
    await clock.advance(15_000)
    expect(health.report().reason).toBe('kafka')
    away = false
    await clock.advance(5_000)
    expect(health.report().state).toBe('running')
    expect(lines).toHaveLength(2)
    stop()
    await clock.advance(60_000)
    expect(polls).toBe(4)
  })

  it('never overlaps', async () => {
    const { clock, connectivity } = open()
    let polls = 0
    const progress = () => {
      polls++
      return new Promise<never>(() => {})
    }
    watchKafka({ progress }, connectivity, clock)
    await clock.advance(60_000)
    expect(polls).toBe(1)
  })
})
