/** Runs peer.ts from the bundle in the folder that its argument names. It lies in the project, by which the bundle finds the project's root. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

await import(pathToFileURL(join(process.argv[2], 'bench-peer.js')).href)
