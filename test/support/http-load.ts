/**
 * Posts requests at a given rate, whether they are answered or not, as the senders of webhooks do. Raw sockets: a client of a library
 * needs more CPU for a request than the gateway does, and the two share the machine.
 */
import { connect, type Socket } from 'node:net'
import type { Request } from '../../services/local/demo/webhooks.ts'

export interface HttpAnswer {
  /** 0: the connection ended, or there was no answer in time. */
  readonly status: number
  /** Value of Retry-After, s. */
  readonly retryAfter: number | null
  /** From the offer to the answer; includes the time in which no socket was free. */
  readonly ms: number
}

interface Job {
  readonly bytes: Buffer
  readonly offeredAt: number
  answered(answer: HttpAnswer): void
}

interface Line {
  readonly socket: Socket
  job: Job | null
  received: string
}

const endOfHead = '\r\n\r\n'

export class HttpLoad {
  readonly #host: string
  readonly #port: number
  readonly #maxSockets: number
  readonly #timeoutMs: number
  readonly #lines = new Set<Line>()
  readonly #free: Line[] = []
  readonly #queue = new Set<Job>()
  readonly #expiring: NodeJS.Timeout

  /** @param timeoutMs after which a sender gives up */
  constructor(url: string, { maxSockets, timeoutMs }: { maxSockets: number; timeoutMs: number }) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
    this.#maxSockets = maxSockets
    this.#timeoutMs = timeoutMs
    this.#expiring = setInterval(() => this.#expire(), 250)
  }

  /** Requests that wait for an answer or for a socket. */
  get open(): number {
    return this.#queue.size + this.#lines.size - this.#free.length
  }

  /** Connections that are open now. */
  get sockets(): number {
    return this.#lines.size
  }

  /** Never rejects. */
  post({ path, headers, body }: Request): Promise<HttpAnswer> {
    const content = Buffer.from(body)
    const fields = Object.entries({ ...headers, host: this.#host, 'content-length': String(content.length) })
    const head = `POST ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    const bytes = Buffer.concat([Buffer.from(head), content])
    return new Promise((answered) => {
      this.#queue.add({ bytes, offeredAt: performance.now(), answered })
      this.#serve()
    })
  }

  close(): void {
    clearInterval(this.#expiring)
    for (const { socket } of this.#lines) socket.destroy()
  }

  #serve() {
    for (const job of this.#queue) {
      const line = this.#free.pop() ?? (this.#lines.size < this.#maxSockets ? this.#connect() : null)
      if (!line) return
      this.#queue.delete(job)
      line.job = job
      line.socket.write(job.bytes)
    }
  }

  #connect(): Line {
    const socket = connect(this.#port, this.#host).setNoDelay(true).setEncoding('latin1')
    const line: Line = { socket, job: null, received: '' }
    this.#lines.add(line)
    socket.on('data', (part) => this.#receive(line, String(part)))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#lines.delete(line)
      const at = this.#free.indexOf(line)
      if (at >= 0) this.#free.splice(at, 1)
      this.#settle(line, 0, null)
      this.#serve()
    })
    return line
  }

  #receive(line: Line, part: string) {
    line.received += part
    const end = line.received.indexOf(endOfHead)
    if (end < 0) return
    const head = line.received.slice(0, end)
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    if (line.received.length < end + endOfHead.length + length) return
    line.received = ''
    const retryAfter = /^retry-after: (\d+)/im.exec(head)?.[1]
    this.#settle(line, Number(head.slice(9, 12)), retryAfter === undefined ? null : Number(retryAfter))
    if (/^connection: close/im.test(head)) line.socket.destroy()
    else {
      this.#free.push(line)
      this.#serve()
    }
  }

  #settle(line: Line, status: number, retryAfter: number | null) {
    const { job } = line
    line.job = null
    job?.answered({ status, retryAfter, ms: performance.now() - job.offeredAt })
  }

  #expire() {
    const before = performance.now() - this.#timeoutMs
    for (const job of this.#queue) {
      if (job.offeredAt > before) break
      this.#queue.delete(job)
      job.answered({ status: 0, retryAfter: null, ms: this.#timeoutMs })
    }
    for (const line of this.#lines) if (line.job && line.job.offeredAt < before) line.socket.destroy()
  }
}

/** Calls `offer` so many times a second until `until` (`performance.now()`), or as long as it holds. */
export const atRate = async (perSecond: number, isOver: () => boolean, offer: () => void): Promise<void> => {
  const started = performance.now()
  for (let offered = 0; !isOver(); ) {
    const due = Math.floor(((performance.now() - started) * perSecond) / 1_000)
    for (; offered < due; offered++) offer()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
