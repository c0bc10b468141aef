/**
 * `make bench-doctor`: how long `signals doctor` and the start of a command take with 10,000 connections.
 *
 *   node test/bench/doctor.ts [--connections 10000] [--rounds 3] [--wait-for FILE]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStories } from '../console/pipeline.ts'
import { Checks, print, sleep } from '../scenarios/scenario.ts'

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    'wait-for': { type: 'string' },
  },
})
const connections = Number(values.connections)
const promised = { firstSeconds: 1, wholeSeconds: 5 }
const cli = join(import.meta.dirname, '../../services/cli/signals.js')
const checks = new Checks()
const stories = await openStories()

/** s until the first line, and until the end. */
const run = async (...args: string[]) => {
  const started = performance.now()
  const env = { ...process.env, SIGNALS_DATA_DIR: stories.dataDir, SIGNALS_MASTER_KEY: stories.masterKey }
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let [first, output] = [0, '']
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    first ||= (performance.now() - started) / 1_000
    output += part
  })
  await once(child, 'close')
  return { first, whole: (performance.now() - started) / 1_000, output }
}

try {
  await stories.connect('shop', stories.whatsappAccount)
  await stories.connectMany(connections)
  await sleep(15_000)
  if (values['wait-for'] !== undefined) {
    print(`SIGNALS_DATA_DIR=${stories.dataDir}, waiting for ${values['wait-for']}`)
    while (!existsSync(values['wait-for'])) await sleep(500)
  }
  for (const args of [['doctor'], ['connections', 'show', 'shop'], ['keywords', 'list']]) {
    const all: Awaited<ReturnType<typeof run>>[] = []
    for (let round = 0; round < Number(values.rounds); round++) all.push(await run(...args))
    const [firsts, wholes] = [all.map(({ first }) => first), all.map(({ whole }) => whole)]
    const shown = (seconds: readonly number[]) => seconds.map((one) => one.toFixed(2)).join(', ')
    print(`signals ${args.join(' ')}: first line after ${shown(firsts)} s, whole after ${shown(wholes)} s`)
    if (args[0] !== 'doctor') continue
    print(all.at(-1)?.output ?? '')
    checks.check(`first line within ${promised.firstSeconds} s`, Math.min(...firsts) <= promised.firstSeconds)
    checks.check(`whole within ${promised.wholeSeconds} s`, Math.min(...wholes) <= promised.wholeSeconds)
  }
} finally {
  await stories.stop()
}
process.exit(checks.failed > 0 ? 1 : 0)
