/** Compiles one list in a thread of its own: the arrays are handed over, not copied. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Columns } from './columns.ts'
import { compileColumns, transferable } from './compile.ts'

const compiled = compileColumns(workerData as Columns)
parentPort?.postMessage(compiled, transferable(compiled))
