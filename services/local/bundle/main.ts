/** `make bundle`: builds the bundle into a folder, `dist/` unless one is named. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildBundle } from './build.ts'

const root = join(import.meta.dirname, '../../..')
const folder = resolve(process.argv[2] ?? join(root, 'dist'))
if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'signals.js'))) {
  process.stderr.write(`bundle: ${folder} holds other files: name a new folder\n`)
  process.exit(1)
}
rmSync(folder, { recursive: true, force: true })
await buildBundle(root, folder)
process.stdout.write(`${folder}\n`)
