/** What the producers of both clients do alike: cut, gather, fence. */
import { Coalescer } from '../../coalescer.ts'
import { DependencyError, type Producer, type ProducerRecord } from '../../ports.ts'
import { toDependencyError } from './errors.ts'
import type { Fence } from './membership.ts'
import { cut, mostBytes } from './request-size.ts'

/** Callers that arrive together share a request. */
export class FencedSender implements Producer {
  readonly #gather: Coalescer<ProducerRecord>
  readonly #close: () => Promise<void>

  constructor(
    send: (records: readonly ProducerRecord[]) => Promise<unknown>,
    close: () => Promise<void>,
    fence: Fence,
  ) {
    this.#close = close
    this.#gather = new Coalescer(async (records) => {
      // Looked at as late as can be: the process may have been stopped since the call.
      if (fence.isClosed)
        throw new DependencyError(
          'kafka',
          'this process has not reached its consumer group within the session: nothing is produced until its batches are given up',
        )
      await send(records)
    }, mostBytes)
  }

  async send(records: readonly ProducerRecord[]): Promise<void> {
    for (const run of cut(records)) {
      try {
        await this.#gather.call(run.records, run.bytes)
      } catch (error) {
        throw toDependencyError(error)
      }
    }
  }

  close(): Promise<void> {
    return this.#close()
  }
}
