/**
 * `make alerts`: promtool checks the rules and runs their unit tests; then a real Prometheus scrapes a running pipeline, every
 * alert is provoked in turn, and has to fire and to clear. Needs `prometheus` and `promtool` (Debian: apt-get install prometheus)
 * and, for the two alerts about the disk, leave to mount a small one.
 *
 *   node test/alerts/main.ts [--only SignalsLate,…] [--show]     --show prints what an operator sees while an alert fires
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openWorld } from '../support/world.ts'
import { Prometheus, promtool } from './prometheus.ts'
import { provocations } from './provocations.ts'
import { readRules, rulesFile, shortened } from './rules.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, show: { type: 'boolean', default: false } } })
const only = values.only?.split(',')
const say = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Also for what waits in a later topic before a breaker tries again. */
const patienceMs = 150_000

for (const args of [
  ['check', 'rules', rulesFile],
  ['test', 'rules', join(rulesFile, '../alerts.test.yml')],
]) {
  const { ok, output, missing } = promtool(...args)
  if (missing) {
    say('promtool is missing: install Prometheus (Debian: apt-get install prometheus)')
    process.exit(1)
  }
  say(`promtool ${args.slice(0, 2).join(' ')}: ${ok ? 'good' : 'BAD'}`)
  if (!ok) {
    say(output)
    process.exit(1)
  }
}

const { yaml, changes } = shortened()
say('shortened for this run (conditions are those of the file):')
for (const change of changes) say(`  ${change}`)

/** A small disk of its own, so that it can be filled; null where mounting is not allowed. */
const folder = mkdtempSync(join(tmpdir(), 'signals-alerts-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=700m', 'tmpfs', folder]).status === 0
process.env.TMPDIR = folder

// Frozen processes are what is provoked here: nobody is to bring them back meanwhile.
const world = await openWorld({ LIVENESS_SECONDS: '0', WATCHDOG_SECONDS: '0', LOG_LEVEL: 'error' })
let prometheus: Prometheus | undefined
const rows: string[][] = []
let failed = false
try {
  const targets = (await world.pipeline.signals('status', '--prometheus')).stdout
  prometheus = await Prometheus.start(join(folder, 'prometheus'), yaml, targets)
  const server = prometheus
  const until = async (holds: (firing: ReadonlySet<string>) => boolean): Promise<number | null> => {
    const started = Date.now()
    while (Date.now() - started < patienceMs) {
      if (holds(await server.firing())) return (Date.now() - started) / 1000
      await sleep(500)
    }
    return null
  }
  const { setUp, steps } = provocations(world, mounted ? folder : null)
  await setUp()
  while ((await prometheus.up()) < 6) await sleep(500)
  say(
    `\nPrometheus scrapes ${await prometheus.up()} processes; quiet: ${[...(await prometheus.firing())].join(' ') || 'no alert fires'}\n`,
  )

  for (const { alerts, how, provoke } of steps) {
    if (only && !alerts.some((alert) => only.includes(alert))) continue
    const undo = await provoke()
    const firedAfter: (number | null)[] = []
    const started = Date.now()
    for (const alert of alerts) {
      const waited = await until((firing) => firing.has(alert))
      firedAfter.push(waited === null ? null : (Date.now() - started) / 1000)
    }
    if (values.show) {
      say(`--- ${how}`)
      for (const args of [['status'], ['lag']]) say((await world.pipeline.signals(...args)).stdout)
    }
    await undo()
    const cleared = Date.now()
    for (const [at, alert] of alerts.entries()) {
      const waited = await until((firing) => !firing.has(alert))
      const fired = firedAfter[at] ?? null
      const clearedAfter = waited === null ? null : (Date.now() - cleared) / 1000
      if (fired === null || clearedAfter === null) failed = true
      rows.push([
        alert,
        how,
        fired === null ? 'DID NOT FIRE' : fired.toFixed(1),
        clearedAfter === null ? 'DID NOT CLEAR' : clearedAfter.toFixed(1),
      ])
      say(`${alert}: fired after ${rows.at(-1)?.[2]} s, cleared after ${rows.at(-1)?.[3]} s (${how})`)
    }
  }
} finally {
  await prometheus?.stop()
  await world.stop()
  if (mounted) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
}

say('\n| alert | provoked by | fired after, s | cleared after, s |\n| --- | --- | ---: | ---: |')
for (const row of rows) say(`| ${row.join(' | ')} |`)
const seen = new Set(rows.map(([alert]) => alert))
const left = readRules()
  .map(({ alert }) => alert)
  .filter((alert) => !seen.has(alert) && (!only || only.includes(alert)))
if (left.length > 0) {
  say(`\nnot provoked: ${left.join(', ')}${mounted ? '' : ' (mounting a small disk is not allowed here)'}`)
  failed = true
}
process.exit(failed ? 1 : 0)
