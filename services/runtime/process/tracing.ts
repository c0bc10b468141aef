/** Opens tracing for a service, as its environment configures. */
import { loadConfig } from '../config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { tracesUrl, tracingFields } from '../tracing/config.ts'
import type { Tracer } from '../tracing/tracer.ts'

/**
 * null when no endpoint is set. Then no exporter or SDK of OpenTelemetry is loaded.
 * @throws ConfigError
 */
export const openTracing = async (
  service: string,
  metrics: Pick<Metrics, 'count'>,
  env: NodeJS.ProcessEnv,
): Promise<Tracer | null> => {
  const config = loadConfig(tracingFields, env)
  const url = tracesUrl(config)
  if (url === null) return null
  const { openTracer } = await import('../tracing/exporter.ts')
  const resource = {
    ...config.OTEL_RESOURCE_ATTRIBUTES,
    'service.namespace': config.OTEL_SERVICE_NAME ?? 'messaging-signals',
    'service.name': `${config.OTEL_SERVICE_NAME ?? 'signals'}-${service}`,
    'service.instance.id': String(process.pid),
  }
  return openTracer(url, config, resource, (count) => metrics.count('signals_spans_lost_total', {}, count))
}
