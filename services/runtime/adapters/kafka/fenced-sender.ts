/** Common part of both producers: divides large calls, shares requests between concurrent calls, and checks the fence. */
import { Coalescer } from '../../coalescer.ts'
import { DependencyError, type Producer, type ProducerRecord } from '../../ports.ts'
import { toDependencyError } from './errors.ts'
import type { Fence } from './membership.ts'
import { cut, maxBytes } from './request-size.ts'

export class FencedSender implements Producer {
  readonly #gather: Coalescer<ProducerRecord>
  readonly #close: () => Promise<void>
  readonly #prefix: string | undefined

  constructor(
    send: (records: readonly ProducerRecord[]) => Promise<unknown>,
    close: () => Promise<void>,
    fence: Fence,
    prefix: string | undefined,
  ) {
    this.#close = close
    this.#prefix = prefix
    this.#gather = new Coalescer(async (records) => {
      // Checked immediately before the request: the process may have been stopped since the call.
      if (fence.isClosed)
        throw new DependencyError(
          'kafka',
          'this process did not reach its consumer group within the session: its batches may belong to another member',
        )
      await send(records)
    }, maxBytes)
  }

  async send(records: readonly ProducerRecord[]): Promise<void> {
    for (const run of cut(records, this.#prefix)) {
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
