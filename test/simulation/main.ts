/**
 * `make simulation`: simulations with fresh seeds, for a time. Prints the first seed, steps a second and each seed that fails.
 *
 *   node test/simulation/main.ts [--seconds 120 | --runs N] [--seed N | --first N] [--without checkpoints,comparison,order,lost,ingest] [--only kill,stop]
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type FaultName, type Mend, mends, simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    /** Runs this seed alone. */
    seed: { type: 'string' },
    /** Runs the seeds from this one on; by default from a random one. */
    first: { type: 'string' },
    /** How many seeds, in place of a time: the same ones on every machine. */
    runs: { type: 'string' },
    without: { type: 'string', default: '' },
    /** Only with referrals that come in another partition than their messages; else one of four. */
    'two-ways': { type: 'boolean', default: false },
    /** Kinds of faults. */
    only: { type: 'string', default: '' },
  },
})
const print = (line: string) => process.stdout.write(`${line}\n`)
const without = new Set(values.without.split(',').filter((name) => name !== '') as Mend[])
for (const name of without) {
  if (mends.includes(name)) continue
  print(`--without ${name}: must be of ${mends.join(', ')}`)
  process.exit(2)
}

const only = values.only.split(',').filter((name) => name !== '') as FaultName[]
const first = Number(values.seed ?? values.first ?? randomInt(2 ** 31))
const end = performance.now() + Number(values.seconds) * 1_000
const began = performance.now()
const failed: number[] = []
const faults: Record<string, number> = {}
let runs = 0
let steps = 0
let simulated = 0
print(`first seed ${first}`)
for (;;) {
  const ways = values['two-ways'] ? { hasTwoWays: true } : {}
  const result = await simulate(first + runs, { without, ...ways, ...(only.length > 0 && { only }) })
  runs++
  steps += result.steps
  simulated += result.simulated
  for (const [name, count] of Object.entries(result.faults)) faults[name] = (faults[name] ?? 0) + count
  if (result.problems.length > 0) {
    failed.push(result.seed)
    print(`seed ${result.seed} failed (node test/simulation/main.ts --seed ${result.seed}):`)
    for (const problem of result.problems.slice(0, 8)) print(`  ${problem}`)
  }
  const isOver = values.runs === undefined ? performance.now() >= end : runs >= Number(values.runs)
  if (values.seed !== undefined || isOver || failed.length >= 20) break
}
const seconds = (performance.now() - began) / 1_000
print(
  `${runs} simulations of ${(simulated / runs / 60_000).toFixed(1)} min, ${steps} steps, ${Math.round(steps / seconds)} steps/s, ${failed.length} failed`,
)
print(
  `faults: ${Object.entries(faults)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')}`,
)
process.exit(failed.length > 0 ? 1 : 0)
