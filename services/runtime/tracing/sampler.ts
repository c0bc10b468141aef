/** The sampler that OpenTelemetry's variables configure. */
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
  // All hops follow the decision of the trace's first span.
  return name.startsWith('parentbased') ? new ParentBasedSampler({ root }) : root
}
