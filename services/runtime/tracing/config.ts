/** The usual variables of OpenTelemetry. Tracing is on when an endpoint is set, and costs nothing otherwise. */
import { z } from 'zod'
import { withoutEnding } from '../../shared/text/without-ending.ts'

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const
export type SamplerName = (typeof samplers)[number]

const pairs = z.string().transform((text, context) => {
  const found: Record<string, string> = {}
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const at = part.indexOf('=')
    if (at < 1) {
      context.addIssue({ code: 'custom', message: 'must be name=value, comma separated' })
      return z.NEVER
    }
    found[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim())
  }
  return found
})

export const tracingFields = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: pairs.default({}),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/json', 'http/protobuf'], 'only OTLP over HTTP is supported: http/json')
    .default('http/json'),
  OTEL_SDK_DISABLED: z.enum(['true', 'false']).default('false'),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_RESOURCE_ATTRIBUTES: pairs.default({}),
  OTEL_TRACES_SAMPLER: z.enum(samplers).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce.number().int().min(100).max(60_000).default(5_000),
}
export type TracingConfig = z.output<z.ZodObject<typeof tracingFields>>

/** The URL to which spans are sent; null when tracing is off. */
export const tracesUrl = (config: TracingConfig): string | null => {
  if (config.OTEL_SDK_DISABLED === 'true') return null
  if (config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT
  return base ? `${withoutEnding(base, '/')}/v1/traces` : null
}
