/** Starts peer.ts from a bundle, as `signals up` starts itself. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cachedBundle } from '../../services/local/bundle/cached.ts'
import { projectRoot } from '../../services/local/bundle/own.ts'

const report = (line: string) => process.stderr.write(`${line}\n`)
const bundle = await cachedBundle(projectRoot(), process.env, report, { 'bench-peer': 'test/bench/peer.ts' })
await import(bundle === null ? './peer.ts' : pathToFileURL(join(bundle, 'bench-peer.js')).href)
