import { hourBucketsContract } from '../../../support/hour-buckets.contract.ts'
import { MemoryHourBuckets } from '../../../support/memory-hour-buckets.ts'

hourBucketsContract('memory', async (options) => new MemoryHourBuckets(options))
