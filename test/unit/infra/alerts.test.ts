import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { metricCatalogue } from '../../../services/runtime/metrics/metrics.ts'
import { readRules, rulesFile, shortened } from '../../alerts/rules.ts'

const root = join(import.meta.dirname, '../../..')
const rules = readRules()
const testFiles = ['alerts.test.yml', 'alerts-of-days.test.yml'].map((name) => join(rulesFile, '..', name))

/** Series that a metric of the catalogue, Node's own or Prometheus itself makes. */
const isKnown = (series: string): boolean => {
  if (/^(up|ALERTS)$|^(process|nodejs)_/.test(series)) return true
  const name = series.replace(/_(bucket|sum|count)$/, '') as keyof typeof metricCatalogue
  return (metricCatalogue[name]?.type === 'histogram' && series !== name) || series in metricCatalogue
}
const seriesOf = (expr: string): string[] => expr.match(/\b(up|ALERTS|(signals|process|nodejs)_\w+)(?=[{[ )]|$)/g) ?? []

/** Labels that a query asks of a series, which it has to have. */
const askedLabels = (expr: string): [series: string, label: string][] =>
  Array.from(expr.matchAll(/\b(signals_\w+)\{([^}]*)\}/g)).flatMap(([, series = '', inside = '']) =>
    Array.from(inside.matchAll(/(\w+)\s*[=!]/g), ([, label = '']): [string, string] => [series, label]),
  )

const hasLabel = (series: string, label: string) => {
  const name = series.replace(/_(bucket|sum|count)$/, '')
  const entry = metricCatalogue[(name in metricCatalogue ? name : series) as keyof typeof metricCatalogue]
  return ['stage', 'job', 'le', 'environment'].includes(label) || entry?.labels.includes(label) === true
}

describe('the alerts', () => {
  it('have a runbook each, and no runbook is without an alert', () => {
    const pages = readdirSync(join(root, 'docs/runbooks')).filter((name) => name !== 'README.md')
    expect(pages.sort()).toEqual(rules.map(({ alert }) => `${alert}.md`).sort())
  })

  it.each(rules)(
    '$alert names its severity, says what is wrong, and points at its page',
    ({ alert, labels, annotations }) => {
      expect(['page', 'warning']).toContain(labels.severity)
      expect(annotations.summary.length).toBeGreaterThan(10)
      expect(annotations.runbook).toBe(`docs/runbooks/${alert}.md`)
      // The address of the folder is Prometheus' external label, which an installation sets.
      expect(annotations.runbook_url).toBe(
        `{{ with $externalLabels.runbooks }}{{ . }}{{ else }}docs/runbooks{{ end }}/${alert}.md`,
      )
      const page = readFileSync(join(root, annotations.runbook), 'utf8')
      for (const part of ['What you see', 'What it does by itself', 'What to do', 'How to verify'])
        expect(page).toContain(`## ${part}`)
    },
  )

  it.each(rules)('$alert asks only for metrics and labels that there are', ({ expr }) => {
    expect(seriesOf(expr).length).toBeGreaterThan(0)
    expect(seriesOf(expr).filter((series) => !isKnown(series))).toEqual([])
    expect(askedLabels(expr).filter(([series, label]) => !hasLabel(series, label))).toEqual([])
  })

  it('warn of age at two minutes and page at five', () => {
    const age = (alert: string) => rules.find((rule) => rule.alert === alert)?.expr.match(/> (\d+)$/)?.[1]
    expect([age('SignalsLate'), age('SignalsVeryLate')]).toEqual(['120', '300'])
  })

  it('are unit-tested, every one', () => {
    const tests = testFiles.map((file) => readFileSync(file, 'utf8')).join('')
    expect(rules.map(({ alert }) => alert).filter((alert) => !tests.includes(`alertname: ${alert}\n`))).toEqual([])
  })

  it('are provoked by `make alerts`, every one', () => {
    const steps = readFileSync(join(root, 'test/alerts/provocations.ts'), 'utf8')
    expect(rules.map(({ alert }) => alert).filter((alert) => !steps.includes(`'${alert}'`))).toEqual([])
  })

  it('are shortened for the scenario in their times only', () => {
    const { groups } = parse(shortened().yaml) as { groups: { rules: { alert: string; expr: string }[] }[] }
    const plain = (expr: string) => expr.replace(/\[\d+[dhms]\]( offset \w+)?/g, '[]').replace(/> \d+$/, '>')
    expect(groups[0]?.rules.map(({ alert, expr }) => [alert, plain(expr)])).toEqual(
      rules.map(({ alert, expr }) => [alert, plain(expr)]),
    )
  })

  const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
  // The summary prints the name of a skipped test, so the name gives the reason.
  const withPromtool = hasPromtool ? it : it.skip
  withPromtool(`pass promtool's own checks and unit tests${hasPromtool ? '' : ': promtool not installed'}`, () => {
    for (const args of [
      ['check', 'rules', rulesFile],
      ['test', 'rules', ...testFiles],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
      expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
    }
  })
})

describe('the dashboard', () => {
  interface Panel {
    id: number
    type: string
    title: string
    gridPos: { x: number; y: number; w: number; h: number }
    targets?: { expr: string }[]
    links?: { url: string }[]
  }
  const { panels, templating, annotations } = JSON.parse(
    readFileSync(join(root, 'infra/grafana/messaging-signals.json'), 'utf8'),
  ) as {
    panels: Panel[]
    templating: { list: { name: string; allValue?: string }[] }
    annotations: { list: { name: string; expr: string }[] }
  }
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

  it('asks only for metrics and labels that there are', () => {
    expect(queries.length).toBeGreaterThan(20)
    for (const { title, expr } of queries) {
      expect([title, seriesOf(expr).filter((series) => !isKnown(series))]).toEqual([title, []])
      expect([title, askedLabels(expr).filter(([series, label]) => !hasLabel(series, label))]).toEqual([title, []])
    }
  })

  it('is narrowed by environment, stage and connection, and shows all where a label is not set', () => {
    for (const name of ['environment', 'stage', 'connection'])
      expect(templating.list.find((one) => one.name === name)).toMatchObject({ allValue: '.*' })
    for (const { title, expr } of queries) {
      const series = expr.match(/\b(?:up|(?:signals|process|nodejs)_\w+)(?:\{[^}]*\})?/g) ?? []
      expect([title, series.filter((one) => !one.includes('environment=~"$environment"'))]).toEqual([title, []])
      if (/by \((?:le, )?stage/.test(expr)) expect(expr).toContain('stage=~"$stage"')
      if (/signals_raised_total/.test(expr)) expect(expr).toContain('connection=~"$connection"')
    }
  })

  it('leads to pages of the console that there are', () => {
    const routes = readFileSync(join(root, 'services/console/app.tsx'), 'utf8')
    const urls = panels.flatMap(({ links = [] }) => links.map(({ url }) => url))
    expect(urls.length).toBeGreaterThan(10)
    for (const url of urls) expect(routes).toContain(`path="${url.replace(/^\$\{console\}/, '')}"`)
  })

  it('marks alerts, starts and replays', () => {
    expect(annotations.list.map(({ name }) => name)).toEqual(['Alerts', 'Starts and deploys', 'Replays'])
    for (const { expr } of annotations.list) expect(seriesOf(expr).filter((series) => !isKnown(series))).toEqual([])
  })

  it('has panels of their own ids that do not lie on each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)}/${y + Math.floor(n / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})

describe('the scrape configuration', () => {
  it('names a rule file that is there', () => {
    const folder = join(root, 'infra/prometheus')
    const { rule_files } = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')) as { rule_files: string[] }
    expect(rule_files.filter((file) => !existsSync(join(folder, file)))).toEqual([])
  })
})
