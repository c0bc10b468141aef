/** Which traces are kept, by OpenTelemetry's own variables. */
import type { TraceContext } from './trace-context.ts'

export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const
export type SamplerName = (typeof samplers)[number]

export type Sampler = (traceId: string, parent: TraceContext | null) => boolean

/** Of the 16 bytes the last 7 are random by W3C's word: as many as a number holds. */
const randomDigits = 13
const range = 16 ** randomDigits

/** @param ratio 0 to 1, for the ratio samplers */
export const samplerOf = (name: SamplerName, ratio: number): Sampler => {
  const root = (traceId: string): boolean => {
    if (name.endsWith('always_on')) return true
    if (name.endsWith('always_off')) return false
    return Number.parseInt(traceId.slice(-randomDigits), 16) < ratio * range
  }
  // Whoever began the trace has decided; all hops go by the same answer.
  return name.startsWith('parentbased')
    ? (traceId, parent) => parent?.sampled ?? root(traceId)
    : (traceId) => root(traceId)
}
