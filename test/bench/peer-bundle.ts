/** Bundles peer.ts and peer-setup.ts, and prints the folder. */
import { cachedBundle } from '../../services/local/bundle/cached.ts'
import { projectRoot } from '../../services/local/bundle/own.ts'

const report = (line: string) => process.stderr.write(`${line}\n`)
const programs = { 'bench-peer': 'test/bench/peer.ts', 'bench-peer-setup': 'test/bench/peer-setup.ts' }
const bundle = await cachedBundle(projectRoot(), process.env, report, programs)
if (bundle === null) process.exitCode = 1
else process.stdout.write(`${bundle}\n`)
