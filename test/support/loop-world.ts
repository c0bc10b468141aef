/** A stage that decides by texts, and the loop's surroundings in memory. */

import { forward, type Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { BadRecord } from '../../services/runtime/failures.ts'
import { Health } from '../../services/runtime/health/health.ts'
import { createLog } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { ProducerRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { consumedRecord, noon, recordBatch, signal, testKeyring } from './builders.ts'
import { MemoryRegistry } from './memory-registry.ts'

/** A stage on strings: what each text means is said by the test. */
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
  const troubles: Error[] = []
  const slept: number[] = []
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry(), Date, ['deliveries', 'signals'], ['signals.dispatch.dead.v1'])
  const health = new Health({ now: () => noon })
  const tools = {
    producer: {
      send: async (records: readonly ProducerRecord[]) => {
        const trouble = troubles.shift()
        if (trouble) throw trouble
        sent.push([...records])
      },
      close: async () => {},
    },
    codec,
    keyring,
    clock: { now: () => noon, sleep: async (ms: number) => void slept.push(ms) },
    metrics: new Metrics('test'),
    log: createLog('test', 'fatal'),
    health,
  }
  return { sent, troubles, slept, tools, codec, keyring, health }
}

export const signals = (...ids: string[]) =>
  forward(...ids.map((id) => ({ topic: 'signals' as const, key: 'c', value: signal({ signalId: id }) })))
