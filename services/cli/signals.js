#!/usr/bin/env node
/**
 * The bin: runs the command line under the project's own Node. Plain JavaScript, since the Node that starts it may be too old to
 * run TypeScript.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const own = join(here, '../../node_modules/node/bin/node')
const main = join(here, 'main.ts')
const wantedMajor = 24

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  await import(main)
} else if (!existsSync(own)) {
  process.stderr.write('signals: the dependencies are not installed; run `npm ci` in the project folder first\n')
  process.exit(1)
} else {
  // The channel tells the child when this process was killed: it then ends by itself.
  const child = spawn(own, [main, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
    if (child.connected) child.disconnect()
  })
}
