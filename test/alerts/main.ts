/**
 * `make alerts`: promtool checks the rules and runs their unit tests. Then a real Prometheus scrapes a running pipeline while every
 * alert is provoked in turn; each must fire and clear. Needs `prometheus` and `promtool` (Debian: apt-get install prometheus), and
 * permission to mount a small disk for the two disk alerts.
 *
 *   node test/alerts/main.ts [--only SignalsLate,…] [--show]     --show prints `signals status` and `signals lag` while an alert fires
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
const print = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Long enough for a signal in a later topic to return and for a breaker to probe. */
const timeoutMs = 150_000

for (const args of [
  ['check', 'rules', rulesFile],
  ['test', 'rules', join(rulesFile, '../alerts.test.yml'), join(rulesFile, '../alerts-of-days.test.yml')],
]) {
  const { ok, output, missing } = promtool(...args)
  if (missing) {
    print('promtool is missing: install Prometheus (Debian: apt-get install prometheus)')
    process.exit(1)
  }
  print(`promtool ${args.slice(0, 2).join(' ')}: ${ok ? 'ok' : 'FAILED'}`)
  if (!ok) {
    print(output)
    process.exit(1)
  }
}

const { yaml, changes } = shortened()
print('times shortened for this run (the conditions are unchanged):')
for (const change of changes) print(`  ${change}`)

/** A small disk for the pipeline, so that the test can fill it. Without permission to mount, a plain folder. */
const folder = mkdtempSync(join(tmpdir(), 'signals-alerts-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=700m', 'tmpfs', folder]).status === 0
process.env.TMPDIR = folder

// The test freezes processes, so liveness and watchdog must not restart them.
const world = await openWorld({
  LIVENESS_SECONDS: '0',
  WATCHDOG_SECONDS: '0',
  LOG_LEVEL: 'error',
  QUARANTINE_FAILURES: '50',
})
let prometheus: Prometheus | undefined
const rows: string[][] = []
let failed = false
try {
  const targets = (await world.pipeline.signals('status', '--prometheus')).stdout
  prometheus = await Prometheus.start(join(folder, 'prometheus'), yaml, targets)
  const server = prometheus
  const until = async (holds: (firing: ReadonlySet<string>) => boolean): Promise<number | null> => {
    const started = Date.now()
    while (Date.now() - started < timeoutMs) {
      if (holds(await server.firing())) return (Date.now() - started) / 1000
      await sleep(500)
    }
    return null
  }
  const { setUp, steps } = provocations(world, mounted ? folder : null)
  await setUp()
  while ((await prometheus.up()) < 6) await sleep(500)
  print(
    `\nPrometheus scrapes ${await prometheus.up()} processes; firing before the first step: ${[...(await prometheus.firing())].join(' ') || 'none'}\n`,
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
      print(`--- ${how}`)
      for (const args of [['status'], ['lag']]) print((await world.pipeline.signals(...args)).stdout)
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
      print(`${alert}: fired after ${rows.at(-1)?.[2]} s, cleared after ${rows.at(-1)?.[3]} s (${how})`)
    }
  }
} finally {
  await prometheus?.stop()
  await world.stop()
  if (mounted) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
}

print('\n| alert | provoked by | fired after, s | cleared after, s |\n| --- | --- | ---: | ---: |')
for (const row of rows) print(`| ${row.join(' | ')} |`)
const provoked = new Set(rows.map(([alert]) => alert))
const notProvoked = readRules()
  .map(({ alert }) => alert)
  .filter((alert) => !provoked.has(alert) && (!only || only.includes(alert)))
if (notProvoked.length > 0) {
  print(`\nnot provoked: ${notProvoked.join(', ')}${mounted ? '' : ' (no permission to mount a small disk)'}`)
  failed = true
}
process.exit(failed ? 1 : 0)
