/**
 * One batch of a partition number at a time, across topics. Equal keys lie in equal partition numbers of a stage's topics, so
 * what is known of a key is read, decided and written by one batch at a time, whichever topic its records come from.
 */
interface Placed {
  readonly partition: number
}

export const onePerPartition = <Batch extends Placed, Result>(
  onBatch: (batch: Batch) => Promise<Result>,
): ((batch: Batch) => Promise<Result>) => {
  const last = new Map<number, Promise<unknown>>()
  return (batch) => {
    const run = () => onBatch(batch)
    const before = last.get(batch.partition) ?? Promise.resolve()
    // Whatever became of the one before is its own caller's business.
    const result = before.then(run, run)
    last.set(batch.partition, result)
    return result
  }
}
