import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BoundedLabel } from '../../../../services/runtime/metrics/bounded-label.ts'
import { Metrics, metricCatalogue } from '../../../../services/runtime/metrics/metrics.ts'

const root = join(import.meta.dirname, '../../../..')

/** Rows of the metrics table in the docs: name → type and labels. */
const documented = () => {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8')
  const rows = text.split('\n').filter((line) => /^\| `signals_/.test(line))
  return new Map(
    rows.flatMap((row) => {
      const [, names = '', type = '', labels = ''] = row.split('|').map((cell) => cell.trim())
      // Labels come first, in backticks; an explanation follows a colon or semicolon.
      const own = Array.from(labels.replace(/[:;].*?(?=, `|$)/g, '').matchAll(/`([a-z_]+)`/g), ([, name]) => name)
      return Array.from(names.matchAll(/`(signals_\w+)`/g), ([, name]) => [name ?? '', { type, labels: own }] as const)
    }),
  )
}

describe('the catalogue of metrics', () => {
  const catalogue = Object.entries(metricCatalogue)

  it('equals the list in the docs, with type and labels', () => {
    const docs = Object.fromEntries(documented())
    const code = Object.fromEntries(catalogue.map(([name, { type, labels }]) => [name, { type, labels: [...labels] }]))
    expect(docs).toEqual(code)
  })

  it.each(catalogue)('%s is named by what it counts, in base units', (name, { type, help }) => {
    expect(name).toMatch(/^signals_[a-z_]+$/)
    expect(help).toMatch(/\.$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|millis|milliseconds|minutes|kb|mb|percent)(_|$)/)
  })

  it('has no label with personal data', () => {
    const labels = new Set(catalogue.flatMap(([, entry]) => entry.labels))
    for (const label of labels) expect(label).not.toMatch(/conversation|message_id|user|phone|name|text|account|tenant/)
  })

  it('has no metric that no code sets', () => {
    const code = readdirSync(join(root, 'services'), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'metrics.ts')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n')
    expect(catalogue.map(([name]) => name).filter((name) => !code.includes(`'${name}'`))).toEqual([])
  })

  it('exports no gauge that the process has not set, because 0 would be a value', async () => {
    const metrics = new Metrics('ingest')
    expect(await metrics.render()).not.toMatch(/^signals_(disk_free_bytes|state_rebuilt_share)/m)
    metrics.set('signals_disk_free_bytes', {}, 7)
    expect(await metrics.render()).toContain('signals_disk_free_bytes{stage="ingest"} 7')
  })

  it('renders every series with its stage', async () => {
    const metrics = new Metrics('keywords')
    metrics.count('signals_raised_total', { connection: 'acme', kind: 'keyword' }, 2)
    expect(await metrics.render()).toContain(
      'signals_raised_total{connection="acme",kind="keyword",stage="keywords"} 2',
    )
  })
})

describe('a bounded label', () => {
  it('names the first values and counts the others together', () => {
    const label = new BoundedLabel(2)
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map((value) => label.of(value))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'b',
    ])
  })
})
