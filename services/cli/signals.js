#!/usr/bin/env node
/**
 * The bin: runs the command line under the project's own Node. It is plain JavaScript, because the Node that starts it may be too
 * old for TypeScript.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const self = fileURLToPath(import.meta.url)
const isWindows = process.platform === 'win32'
/** The package with Node's binary for this machine; npm installs it by its `os` and `cpu`, without a script. */
const nodePackage = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
const own = join(dirname(self), '../../node_modules', nodePackage, 'bin', isWindows ? 'node.exe' : 'node')
const wantedMajor = 24

/**
 * Caches compiled code, which halves the start time. Without a writable cache Node compiles again, without a warning. The folder is that of
 * `compiledFolder` (local/cache-folder.ts), which must not be loaded before: to strip the types of a first file takes 50 ms without the cache.
 */
const enableCompileCache = () => {
  const { SIGNALS_CACHE_DIR, XDG_CACHE_HOME } = process.env
  try {
    const folder = SIGNALS_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'messaging-signals')
    module.enableCompileCache(join(folder, 'compiled'))
  } catch {
    // An account without a home folder.
  }
}

const root = join(dirname(self), '../..')

/** Prints the folder of the bundle. A process of its own: what builds a bundle, and what reads TypeScript, takes memory that a pipeline would hold for long. */
const buildBundle = () => {
  const { stdout } = spawnSync(process.execPath, [join(root, 'services/local/bundle/build-cached.ts')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return stdout?.trim() || null
}

const bundleOf = async () => {
  // Containers need a package that no bundle has.
  if (process.argv[2] === 'up' && process.env.SIGNALS_INFRA === 'docker') return null
  const { bundleOfSources } = await import('../local/bundle/of-sources.ts')
  const bundle = bundleOfSources(root, process.env)
  return bundle ?? (process.argv[2] === 'up' ? buildBundle() : null)
}

/** A pipeline runs for long, so its supervisor is worth building a bundle. A command starts faster by one that is there. */
const mainFile = async () => {
  const bundle = await bundleOf()
  return bundle === null ? './main.ts' : pathToFileURL(join(bundle, 'signals.js')).href
}

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  enableCompileCache()
  await import(await mainFile())
} else if (!existsSync(own)) {
  process.stderr.write(
    `signals: Node ${wantedMajor} is needed, and this is ${process.version}: run \`npm ci\` in the project folder, which brings it for Linux (x64, arm64) and Windows (x64); elsewhere install Node ${wantedMajor}\n`,
  )
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
