/** Compiles lists for a stage that goes on working: small ones at once, large ones in another thread. */
import { Worker } from 'node:worker_threads'
import type { Compile } from '../../lists/active-lists.ts'
import { type KeywordMatcher, matcherOf } from '../matcher.ts'
import { columnsOf } from './columns.ts'
import { type CompiledList, compileColumns } from './compile.ts'

/** Compiled within some 20 ms: less than a thread needs to start. */
const atOnce = 2_000

/** @throws Error (as a rejection) when the list does not compile */
export const compileInWorker: Compile = ({ entries }): KeywordMatcher | Promise<KeywordMatcher> => {
  const columns = columnsOf(entries)
  if (entries.length <= atOnce) return matcherOf(compileColumns(columns))
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: columns })
    worker.once('message', (compiled: CompiledList) => resolve(matcherOf(compiled)))
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that compiled the list ended without a result')))
  })
}
