/** Spans wait here and go out in batches. A collector that is away or slow costs spans, never a message. */
import type { HttpClient } from '../adapters/http.ts'
import { otlpJson } from './otlp.ts'
import type { EndedSpan, SpanSink } from './span.ts'

const mostWaiting = 8_192
const mostInOne = 512
const timeoutMs = 5_000

export interface ExportOptions {
  readonly http: Pick<HttpClient, 'post' | 'close'>
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Readonly<Record<string, string>>
  readonly everyMs: number
  /** Spans that were not taken: too many, or the collector did not. */
  onLost(count: number): void
}

export class ExportQueue implements SpanSink {
  readonly #options: ExportOptions
  #waiting: EndedSpan[] = []
  #sending: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  constructor(options: ExportOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#flush(), options.everyMs)
    this.#timer.unref()
  }

  add(span: EndedSpan): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#options.onLost(1)
      return
    }
    this.#waiting.push(span)
    if (this.#waiting.length === mostInOne) void this.#flush()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#flush()
    this.#options.http.close()
  }

  #flush(): Promise<void> {
    const spans = this.#waiting
    this.#waiting = []
    this.#sending = this.#sending.then(async () => {
      for (let from = 0; from < spans.length; from += mostInOne) await this.#send(spans.slice(from, from + mostInOne))
    })
    return this.#sending
  }

  async #send(spans: readonly EndedSpan[]) {
    const { http, headers, resource, onLost } = this.#options
    const result = await http.post({
      headers: { ...headers, 'content-type': 'application/json' },
      body: otlpJson(spans, resource),
      timeoutMs,
    })
    if (result.kind === 'failed' || result.status >= 300) onLost(spans.length)
  }
}
