/**
 * `make dashboard-check`: asks a real Prometheus, which scrapes a running pipeline, for every query of every panel of the Grafana dashboard. Traffic and faults of a
 * minute give each panel something to show; a panel without a value fails. Grafana itself is not started. Needs `prometheus`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { tiktokReferral, tiktokText, whatsapp, whatsappText } from '../../services/local/demo/webhooks.ts'
import { readState } from '../../services/local/supervisor/state-file.ts'
import { connectTwo, openWorld } from '../support/world.ts'
import { panelsOf } from './panels.ts'
import { Prometheus } from './prometheus.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const trafficMs = 60_000

if (spawnSync('prometheus', ['--version']).error !== undefined) {
  print('not run: prometheus is not installed (Debian: apt-get install prometheus)')
  process.exit(0)
}
const panels = panelsOf(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../infra/grafana/messaging-signals.json'), 'utf8')),
)
const folder = mkdtempSync(join(tmpdir(), 'signals-dashboard-'))
const world = await openWorld({ LOG_LEVEL: 'error', ATTRIBUTION_WAIT: '1s' })
let prometheus: Prometheus | undefined
let failed = 0
try {
  await connectTwo(world)
  prometheus = await Prometheus.start(
    folder,
    'groups: []\n',
    (await world.pipeline.signals('status', '--prometheus')).stdout,
  )
  while ((await prometheus.up()) < 6) await sleep(500)
  // One panel draws the limit, where Redis has one.
  const redis = new Redis(world.pipeline.ready.redis)
  await redis.config('SET', 'maxmemory', '1gb')
  redis.disconnect()
  const began = Date.now()
  const fault = (what: object) =>
    fetch(`${world.pipeline.ready.simulator}/_control/faults`, { method: 'POST', body: JSON.stringify(what) })
  for (let n = 0; Date.now() - began < trafficMs; n++) {
    const at = Date.now()
    const text = whatsappText(`5215550${String(n).padStart(7, '0')}`, `wamid.panel.${n}`, 'ya hice el pago', at)
    await world.post(text)
    await world.post(tiktokReferral(`panel-${n}`, String(1_780_000_000_000_000_000n + BigInt(n)), at - 100))
    await world.post(tiktokText(`panel-${n}`, `panel-${n}-1`, 'hola', at))
    // Delivered twice; of an unknown kind; without a person, which is a dead letter.
    if (n % 5 === 0) {
      await world.post(text)
      await world.post(
        whatsapp({
          from: '52155',
          id: `wamid.reaction.${n}`,
          timestamp: String(Math.floor(at / 1_000)),
          type: 'reaction',
          reaction: { message_id: 'x', emoji: 'x' },
        }),
      )
      await world.post(
        whatsapp({
          id: `wamid.broken.${n}`,
          timestamp: String(Math.floor(at / 1_000)),
          type: 'text',
          text: { body: 'hola' },
        }),
      )
    }
    if (n === 20) await fault({ code: 50_000, count: 3 })
    if (n === 60) {
      const pid = readState(world.dataDir)?.children.redis?.pid as number
      process.kill(pid, 'SIGSTOP')
      setTimeout(() => process.kill(pid, 'SIGCONT'), 8_000)
    }
    await sleep(150)
  }
  await sleep(10_000)
  for (const { title, expressions } of panels)
    for (const expression of expressions) {
      const values = await prometheus.valuesOf(expression.replaceAll('$__rate_interval', '30s'), began, Date.now())
      if (values.length === 0) failed++
      print(
        `${values.length > 0 ? 'ok  ' : 'EMPTY'} ${title}: ${values.length} values${values.length > 0 ? `, largest ${Math.max(...values).toPrecision(3)}` : `: ${expression}`}`,
      )
    }
} finally {
  await prometheus?.stop()
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
}
print(failed > 0 ? `\n${failed} queries have no data` : `\nevery query of ${panels.length} panels has data`)
process.exit(failed > 0 ? 1 : 0)
