/** Tracing of a process, by its environment. */
import { openHttp } from '../adapters/http.ts'
import { loadConfig } from '../config.ts'
import type { Metrics } from '../metrics.ts'
import { tracesUrl, tracingFields } from './config.ts'
import { ExportQueue } from './export-queue.ts'
import { samplerOf } from './sampler.ts'
import { Tracer } from './tracer.ts'

/**
 * null: no endpoint is set, nothing is traced.
 * @throws ConfigError
 */
export const openTracing = (
  service: string,
  metrics: Pick<Metrics, 'count'>,
  env: NodeJS.ProcessEnv = process.env,
): Tracer | null => {
  const config = loadConfig(tracingFields, env)
  const url = tracesUrl(config)
  if (url === null) return null
  const sink = new ExportQueue({
    http: openHttp(url, { sockets: 1 }),
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    resource: {
      ...config.OTEL_RESOURCE_ATTRIBUTES,
      'service.namespace': config.OTEL_SERVICE_NAME ?? 'messaging-signals',
      'service.name': `${config.OTEL_SERVICE_NAME ?? 'signals'}-${service}`,
      'service.instance.id': String(process.pid),
    },
    everyMs: config.OTEL_BSP_SCHEDULE_DELAY,
    onLost: (count) => metrics.count('signals_spans_lost_total', {}, count),
  })
  return new Tracer(samplerOf(config.OTEL_TRACES_SAMPLER, config.OTEL_TRACES_SAMPLER_ARG), sink)
}
