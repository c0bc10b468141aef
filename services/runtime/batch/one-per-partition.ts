/**
 * Processes one batch of a partition number at a time, across topics. Equal keys have equal partition numbers in all topics of a stage,
 * so the state of a key has a single writer.
 */
export const onePerPartition = <Batch extends { readonly partition: number }, Result>(
  onBatch: (batch: Batch) => Promise<Result>,
): ((batch: Batch) => Promise<Result>) => {
  const last = new Map<number, Promise<unknown>>()
  return (batch) => {
    const run = () => onBatch(batch)
    const before = last.get(batch.partition) ?? Promise.resolve()
    // An error of the batch before is reported to that batch's caller only.
    const result = before.then(run, run)
    last.set(batch.partition, result)
    return result
  }
}
