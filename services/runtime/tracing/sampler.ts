/** Which traces are kept, by OpenTelemetry's own variables. */
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { SamplerName } from './config.ts'

const rootOf = (name: SamplerName, ratio: number): Sampler => {
  if (name.endsWith('always_on')) return new AlwaysOnSampler()
  return name.endsWith('always_off') ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio)
}

/** @param ratio 0 to 1, for the ratio samplers */
export const samplerOf = (name: SamplerName, ratio: number): Sampler => {
  const root = rootOf(name, ratio)
  // Whoever began the trace has decided; all hops go by the same answer.
  return name.startsWith('parentbased') ? new ParentBasedSampler({ root }) : root
}
