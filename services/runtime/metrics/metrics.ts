/**
 * The closed list of all metrics. Names are literals with type, help and labels, and the compiler rejects any other name. Labels are
 * bounded (stages, reasons, topics, connections up to a cap) and never personal.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

const catalogue = {
  signals_records_total: { type: 'counter', help: 'Records consumed from a topic.', labels: ['topic'] },
  signals_outcomes_total: {
    type: 'counter',
    help: 'Outcomes of messages: forwarded, dropped, deadLettered, deferred, parked; with the reason.',
    labels: ['outcome', 'reason'],
  },
  signals_published_total: { type: 'counter', help: 'Records published, by topic.', labels: ['topic'] },
  signals_batch_records: {
    type: 'histogram',
    help: 'Records in one batch.',
    labels: [],
    buckets: [1, 5, 10, 50, 100, 250, 500, 1000, 2500],
  },
  signals_batch_seconds: {
    type: 'histogram',
    help: 'Time for one batch, by step.',
    labels: ['step'],
    buckets: seconds,
  },
  signals_retries_total: { type: 'counter', help: 'Batches tried again: a dependency failed.', labels: ['dependency'] },
  signals_oldest_unprocessed_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record that is due and not processed; 0 when idle.',
    labels: [],
  },
  signals_lag_messages: {
    type: 'gauge',
    help: 'Records that a group has not processed, from its committed offset to the end.',
    labels: ['group', 'topic', 'partition'],
  },
  signals_lag_seconds: {
    type: 'gauge',
    help: 'How long the next record of a group has been due.',
    labels: ['group', 'topic', 'partition'],
  },
  signals_state: {
    type: 'gauge',
    help: '1 for the state that the process is in: starting, running, waiting, halted, stopping.',
    labels: ['state'],
  },
  signals_dependency_seconds: {
    type: 'histogram',
    help: 'Duration of calls to dependencies, by operation and result.',
    labels: ['dependency', 'operation', 'result'],
    buckets: seconds,
  },
  signals_raised_total: {
    type: 'counter',
    help: 'Signals raised, by kind and connection; connections beyond a cap are counted as other.',
    labels: ['connection', 'kind'],
  },
  signals_end_to_end_seconds: {
    type: 'histogram',
    help: "From the receipt of the webhook to TikTok's acceptance of the signal.",
    labels: [],
    buckets: seconds,
  },
  signals_conversation_starts_total: {
    type: 'counter',
    help: 'By tracking ID: yes, no.',
    labels: ['connection', 'tracking_id'],
  },
  signals_event_age_seconds: {
    type: 'histogram',
    help: 'From receipt at the gateway to the end of this stage.',
    labels: [],
    buckets: seconds,
  },
  signals_deliveries_received_total: {
    type: 'counter',
    help: 'Requests at the gateway, by source and HTTP status.',
    labels: ['source', 'status'],
  },
  signals_deliveries_refused_total: { type: 'counter', help: 'By code of the answer.', labels: ['source', 'code'] },
  signals_records_refused_total: { type: 'counter', help: 'Not signed as they must be.', labels: ['topic', 'reason'] },
  signals_connection_requests_total: { type: 'counter', help: 'By stages.', labels: ['kind', 'result'] },
  signals_accounts_unconnected_total: { type: 'counter', help: 'Nothing was kept.', labels: ['source', 'digest'] },
  signals_accounts_unverified_total: { type: 'counter', help: 'Left out: not proven.', labels: ['source'] },
  signals_delivery_seconds: { type: 'histogram', help: 'Time to answer a webhook.', labels: [], buckets: seconds },
  signals_look_ups_total: { type: 'counter', help: 'Look-ups of conversations, by HTTP status.', labels: ['status'] },
  signals_look_up_seconds: { type: 'histogram', help: 'Time to answer a look-up.', labels: [], buckets: seconds },
  signals_items_ignored_total: {
    type: 'counter',
    help: 'Items of webhook deliveries that are not message events, by reason.',
    labels: ['source', 'reason'],
  },
  signals_mappings: {
    type: 'gauge',
    help: 'Files with custom mappings, by state: active (in_force) or refused.',
    labels: ['state'],
  },
  signals_keyword_uses_total: {
    type: 'counter',
    help: 'Messages in which a list found a flag; mode raised, or shadow for lists that only count. At most 500 combinations, then "other".',
    labels: ['list', 'flag', 'mode'],
  },
  signals_rules_total: {
    type: 'counter',
    help: 'Rules that hold.',
    labels: ['connection', 'rule_set', 'mode', 'result'],
  },
  signals_tracking_id_refused_total: {
    type: 'counter',
    help: 'Values that an extractor found and that cannot be a tracking ID, by connection; beyond a cap: other.',
    labels: ['connection'],
  },
  signals_tiktok_calls_total: { type: 'counter', help: 'Calls to TikTok.', labels: ['verdict', 'code'] },
  signals_tiktok_call_seconds: {
    type: 'histogram',
    help: 'Duration of calls to TikTok.',
    labels: [],
    buckets: seconds,
  },
  signals_reported_total: {
    type: 'counter',
    help: 'Signals with a final result, by kind and outcome.',
    labels: ['kind', 'outcome'],
  },
  signals_old_total: { type: 'counter', help: 'Signals older than DISPATCH_WARN_DAYS at dispatch.', labels: [] },
  signals_quarantined_accounts: { type: 'gauge', help: 'Accounts whose records ingest puts aside.', labels: [] },
  signals_breakers: {
    type: 'gauge',
    help: 'Connections whose breaker is not closed, by state: open, half_open, slow.',
    labels: ['state'],
  },
  signals_breaker_open_seconds: {
    type: 'gauge',
    help: 'For how long a breaker has not been closed; the 20 oldest, by connection.',
    labels: ['connection', 'cause'],
  },
  signals_breaker_moves_total: {
    type: 'counter',
    help: 'Breakers that opened, by cause, and closed again.',
    labels: ['to', 'cause'],
  },
  signals_calls_side_by_side: {
    type: 'gauge',
    help: 'Limit of concurrent calls to TikTok, adapted to its answers.',
    labels: [],
  },
  signals_state_rebuilds_total: { type: 'counter', help: 'Rebuilds of a state in Redis from a topic.', labels: [] },
  signals_state_rebuilt_share: {
    type: 'gauge',
    help: 'Progress of a rebuild, 0 to 1; 1 when none is running.',
    labels: [],
  },
  signals_spans_lost_total: { type: 'counter', help: 'Spans that were not exported.', labels: [] },
  signals_dead_letter_records: {
    type: 'gauge',
    help: 'Records in a dead-letter topic, by topic, redriven ones included until retention removes them.',
    labels: ['topic'],
  },
  signals_dependency_up: {
    type: 'gauge',
    help: '1 while a dependency answers the console, else 0.',
    labels: ['dependency'],
  },
  signals_redis_keys: { type: 'gauge', help: 'Keys that Redis holds.', labels: [] },
  signals_redis_memory_bytes: { type: 'gauge', help: 'Memory that Redis uses.', labels: [] },
  signals_redis_memory_limit_bytes: { type: 'gauge', help: 'Memory that Redis may use; 0: no limit set.', labels: [] },
  signals_disk_free_bytes: { type: 'gauge', help: 'Free space of the file system with SIGNALS_DATA_DIR.', labels: [] },
  signals_disk_size_bytes: { type: 'gauge', help: 'Size of the file system with SIGNALS_DATA_DIR.', labels: [] },
  signals_connections: { type: 'gauge', help: 'Connections, by status.', labels: ['status'] },
  signals_account_tokens: {
    type: 'gauge',
    help: 'Connections with an expiring token of a TikTok account, by state: valid, expiring, expired.',
    labels: ['state'],
  },
  signals_account_token_expiry_seconds: {
    type: 'gauge',
    help: 'Time until the first account token expires, by token (access, refresh); negative after its expiry.',
    labels: ['token'],
  },
} as const satisfies Record<
  string,
  {
    type: 'counter' | 'gauge' | 'histogram'
    help: string
    labels: readonly string[]
    buckets?: readonly number[]
  }
>

type Catalogue = typeof catalogue
export type MetricName = keyof Catalogue
type NamesOf<Type extends string> = {
  [Name in MetricName]: Catalogue[Name]['type'] extends Type ? Name : never
}[MetricName]
type Labels<Name extends MetricName> = Readonly<Record<Catalogue[Name]['labels'][number], string>>

export const metricCatalogue: Readonly<Record<MetricName, { type: string; help: string; labels: readonly string[] }>> =
  catalogue

export class Metrics {
  readonly #registry = new Registry()
  readonly #all = new Map<string, Counter | Gauge | Histogram>()

  /** @param stage becomes the label `stage` of every metric of this process */
  constructor(stage: string) {
    this.#registry.setDefaultLabels({ stage })
    collectDefaultMetrics({ register: this.#registry })
    for (const [name, { type, help, labels, ...rest }] of Object.entries(catalogue)) {
      const common = { name, help, labelNames: [...labels], registers: [this.#registry] }
      if (type === 'counter') this.#all.set(name, new Counter(common))
      // A gauge without labels starts at 0. A process that never sets it must not export that, so it is registered at the first set.
      else if (type === 'gauge') this.#all.set(name, new Gauge({ ...common, registers: [] }))
      else
        this.#all.set(
          name,
          new Histogram({ ...common, buckets: [...(rest as { buckets: readonly number[] }).buckets] }),
        )
    }
  }

  count<Name extends NamesOf<'counter'>>(name: Name, labels: Labels<Name>, by = 1) {
    ;(this.#all.get(name) as Counter).inc(labels, by)
  }
  set<Name extends NamesOf<'gauge'>>(name: Name, labels: Labels<Name>, value: number) {
    this.#gauge(name).set(labels, value)
  }
  observe<Name extends NamesOf<'histogram'>>(name: Name, labels: Labels<Name>, value: number) {
    ;(this.#all.get(name) as Histogram).observe(labels, value)
  }
  /** Sets a gauge to exactly these values and removes those of other labels. */
  replace<Name extends NamesOf<'gauge'>>(
    name: Name,
    values: readonly { readonly labels: Labels<Name>; readonly value: number }[],
  ) {
    const gauge = this.#gauge(name)
    gauge.reset()
    for (const { labels, value } of values) gauge.set(labels, value)
  }
  #gauge(name: NamesOf<'gauge'>): Gauge {
    const gauge = this.#all.get(name) as Gauge
    if (!this.#registry.getSingleMetric(name)) this.#registry.registerMetric(gauge)
    return gauge
  }
  /** Prometheus text format. */
  render = () => this.#registry.metrics()
}
