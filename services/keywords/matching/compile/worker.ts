/** Worker thread that compiles one list and transfers the arrays without a copy. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Columns } from './columns.ts'
import { compileColumns, transferable } from './compile.ts'

const compiled = compileColumns(workerData as Columns)
parentPort?.postMessage(compiled, transferable(compiled))
