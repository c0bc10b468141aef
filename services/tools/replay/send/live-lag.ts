/** How far live traffic is behind, in seconds: the age of the oldest record that a stage has yet to process, read from the broker. */

import { consumerGroups } from '../../../consumer-groups.ts'
import { LagReader } from '../../../runtime/health/lag.ts'
import type { Broker, Clock } from '../../../runtime/ports.ts'

const live = consumerGroups.filter(({ lane }) => lane === 'main')
/** A look is a moment: between two batches it finds nothing, in the middle of one all of it. */
const usualLooks = 10
const apartMs = 100

export class LiveLag {
  readonly #reader: LagReader

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>) {
    this.#reader = new LagReader(broker, live)
  }

  /** Seconds, of the stage that is furthest behind. @throws DependencyError */
  async look(now: () => number): Promise<number> {
    return Math.max(...(await this.#reader.read(now)).map(({ seconds }) => seconds))
  }

  /** What live traffic is like just now: the most of some looks. @throws DependencyError */
  async usual({ now, sleep }: Clock): Promise<number> {
    let most = 0
    for (let looks = 0; looks < usualLooks; looks++) {
      most = Math.max(most, await this.look(now))
      await sleep(apartMs)
    }
    return most
  }
}
