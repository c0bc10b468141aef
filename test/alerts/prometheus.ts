/** Runs a real Prometheus that scrapes a pipeline every second and evaluates the shortened rules. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export const promtool = (...args: string[]): { ok: boolean; output: string; missing: boolean } => {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' })
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}`, missing: error !== undefined }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

interface Alert {
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
}

export class Prometheus {
  readonly #child: ChildProcess
  readonly url: string
  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** @param targets as `signals status --prometheus` prints them */
  static async start(folder: string, rules: string, targets: string): Promise<Prometheus> {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'alerts.yml'), rules)
    writeFileSync(join(folder, 'targets.json'), targets)
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: signals
    file_sd_configs: [{ files: [targets.json] }]
`,
    )
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const prometheus = new Prometheus(child, url)
    for (let attempts = 0; ; attempts++) {
      if (
        await fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return prometheus
      if (attempts > 150 || child.exitCode !== null) throw new Error('Prometheus does not start')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** Names of the firing alerts. */
  async firing(): Promise<ReadonlySet<string>> {
    const { data } = (await (await fetch(`${this.url}/api/v1/alerts`)).json()) as { data: { alerts: Alert[] } }
    return new Set(
      data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname as string),
    )
  }

  /** Number of targets that are up. */
  async up(): Promise<number> {
    const query = encodeURIComponent('count(up{job="signals"} == 1)')
    const { data } = (await (await fetch(`${this.url}/api/v1/query?query=${query}`)).json()) as {
      data: { result: { value: [number, string] }[] }
    }
    return Number(data.result[0]?.value[1] ?? 0)
  }

  /** Values of an expression between two times (ms), of all its series; without those that are no number. */
  async valuesOf(expression: string, from: number, to: number): Promise<readonly number[]> {
    const query = new URLSearchParams({
      query: expression,
      start: String(from / 1_000),
      end: String(to / 1_000),
      step: '2',
    })
    const answer = await fetch(`${this.url}/api/v1/query_range?${query}`)
    const { data, error } = (await answer.json()) as {
      data?: { result: { values: [number, string][] }[] }
      error?: string
    }
    if (data === undefined) throw new Error(`Prometheus refuses ${expression}: ${error}`)
    return data.result.flatMap(({ values }) => values.map(([, value]) => Number(value))).filter(Number.isFinite)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }
}
