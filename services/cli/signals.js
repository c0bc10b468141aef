#!/usr/bin/env node
/**
 * The bin: runs the command line under the project's own Node. It is plain JavaScript, because the Node that starts it may be too
 * old for TypeScript.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const self = fileURLToPath(import.meta.url)
const own = join(dirname(self), '../../node_modules/node/bin/node')
const wantedMajor = 24

/** Caches compiled code, which halves the start time. Without a writable cache Node compiles again, without a warning. */
const enableCompileCache = async () => {
  const { compiledFolder } = await import('../local/cache-folder.ts')
  const folder = compiledFolder(process.env)
  if (folder !== undefined) module.enableCompileCache(folder)
}

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  await enableCompileCache()
  await import('./main.ts')
} else if (!existsSync(own)) {
  process.stderr.write('signals: the dependencies are not installed; run `npm ci` in the project folder first\n')
  process.exit(1)
} else {
  // The IPC channel closes when this process is killed; the child then ends.
  const child = spawn(own, [self, ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
    if (child.connected) child.disconnect()
  })
}
