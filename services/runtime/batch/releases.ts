/**
 * Which deferred records are due before their time, because a person asked to try them again: all of a partition that were deferred by
 * then. A topic is committed in its order, so records that lie before one that is asked for are due with it.
 */
export class Releases {
  readonly #until = new Map<string, number>()

  /** @param until broker time up to which records of the partition are due, ms */
  release(topic: string, partition: number, until: number): void {
    if (until > this.until(topic, partition)) this.#until.set(`${topic}/${partition}`, until)
  }

  /** Broker time up to which records of the partition are due, ms; negative infinity: none is before its time. */
  until(topic: string, partition: number): number {
    return this.#until.get(`${topic}/${partition}`) ?? Number.NEGATIVE_INFINITY
  }
}
