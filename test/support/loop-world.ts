/** A stage whose inputs are texts, and the loop's dependencies in memory. */

import { BadRecord } from '../../services/failures.ts'
import { forward, type Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { Health } from '../../services/runtime/health/health.ts'
import { createLog } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { ProducerRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { consumedRecord, noon, recordBatch, signal, testEnvelopes, testKeyring } from './builders.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryRegistry } from './memory-registry.ts'

/** A stage on strings; the test gives the outcome of each text. */
export const textStage = (
  outcomes: (text: string) => Outcome | readonly Outcome[],
  saved: string[] = [],
): Stage<string, undefined, string> => ({
  name: 'dispatch',
  decode: ({ value }) => {
    const text = String(value)
    if (text === 'garbage') throw new BadRecord('bytes_invalid', 'garbage')
    return text
  },
  load: async () => undefined,
  decide: (batch) => ({
    outcomes: batch.map(({ value }) => outcomes(value)),
    changes: batch.map(({ value }) => value),
  }),
  save: async (changes) => void saved.push(...changes),
})

export const texts = (...values: string[]) =>
  recordBatch(
    values.map((value, n) =>
      consumedRecord({
        topic: 'signals.v1',
        offset: BigInt(n),
        key: `key-${value}`,
        value: Buffer.from(value),
        headers: { 'received-at': String(noon - 1000), traceparent: '00-t-s-01' },
      }),
    ),
  )

export const world = async () => {
  const sent: ProducerRecord[][] = []
  const failures: Error[] = []
  const clock = new FakeClock(noon, { skipSleeps: true })
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry(), Date, ['deliveries', 'signals'], ['signals.dispatch.dead.v1'])
  const health = new Health(clock)
  const tools = {
    producer: {
      send: async (records: readonly ProducerRecord[]) => {
        const failure = failures.shift()
        if (failure) throw failure
        sent.push([...records])
      },
      close: async () => {},
    },
    codec,
    keyring,
    envelopes: testEnvelopes(keyring),
    clock,
    metrics: new Metrics('test'),
    log: createLog('test', 'fatal'),
    health,
  }
  return { sent, failures, clock, tools, codec, keyring, health }
}

export const signals = (...ids: string[]) =>
  forward(...ids.map((id) => ({ topic: 'signals' as const, key: 'c', value: signal({ signalId: id }) })))
