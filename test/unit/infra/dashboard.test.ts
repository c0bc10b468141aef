import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { panelsOf } from '../../alerts/panels.ts'

const root = join(import.meta.dirname, '../../..')
const json = JSON.parse(readFileSync(join(root, 'infra/grafana/messaging-signals.json'), 'utf8'))

describe('the dashboard', () => {
  it('has a query in each panel, and each panel its own id', () => {
    const panels = panelsOf(json)
    expect(panels.length).toBeGreaterThan(30)
    expect(panels.filter(({ expressions }) => expressions.length === 0)).toEqual([])
    const ids = json.panels.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('is refused without what Grafana needs, naming the place', () => {
    expect(() => panelsOf({ ...json, panels: [{ ...json.panels[0], gridPos: undefined }] })).toThrow('gridPos')
    expect(() => panelsOf({ ...json, uid: '' })).toThrow('uid')
  })
})
