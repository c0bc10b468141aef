/** Compiles large lists in a worker thread, so that the stage keeps processing; small lists in this thread. */
import { Worker } from 'node:worker_threads'
import { type Compile, type KeywordMatcher, matcherOf } from '../matcher.ts'
import { columnsOf } from './columns.ts'
import { type CompiledList, compileColumns } from './compile.ts'

/** Entries. A list of this size compiles within about 20 ms, less than a worker thread needs to start. */
const maxInThread = 2_000

/** In a bundle all programs are in one folder. */
const workerFile = import.meta.url.endsWith('.ts') ? './worker.ts' : './compile-worker.js'

/** @throws Error when a small list does not compile; for a large one the promise rejects */
export const compileInWorker: Compile = ({ entries }): KeywordMatcher | Promise<KeywordMatcher> => {
  const columns = columnsOf(entries)
  if (entries.length <= maxInThread) return matcherOf(compileColumns(columns))
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(workerFile, import.meta.url), { workerData: columns })
    worker.once('message', (compiled: CompiledList) => resolve(matcherOf(compiled)))
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that compiled the list ended without a result')))
  })
}
