import { type MappingsChange, OwnMappings, waits } from '../../../../services/shared/sources/index.ts'
import { parseMapping } from '../../../../services/shared/sources/parse.ts'
import { documentOf } from '../../../support/mapping.ts'

const mapping = (source: string, version = 1) => documentOf({}, { source, version })

const world = (wait: keyof typeof waits = 'ingest') => {
  const files = new Map<string, string>()
  const changes: string[] = []
  let away = false
  let now = 0
  const sources = new OwnMappings(
    [parseMapping(mapping('shipped'), 'shipped.yaml')],
    {
      list: () => {
        if (away) throw new Error('ENOENT')
        return [...files].sort().map(([file, text]) => ({ file, stamp: text }))
      },
      read: (file) => files.get(file) as string,
    },
    { waits: waits[wait], onChange: ({ kind, file }: MappingsChange) => void changes.push(`${kind} ${file}`) },
  )
  /** Looks twice a second, as a service does. */
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 500
      sources.look(now)
    }
  }
  const version = (name: string) => sources.get(name)?.version
  return {
    files,
    changes,
    sources,
    pass,
    version,
    start: () => sources.look(now, true),
    setAway: (is: boolean) => {
      away = is
    },
  }
}

describe('mappings of one’s own', () => {
  it('are there from the start, beside the shipped ones', () => {
    const { files, start, sources } = world()
    files.set('a.yaml', mapping('mine'))
    start()
    expect(sources.names()).toEqual(['shipped', 'mine'])
  })

  it.each(['gateway', 'ingest'] as const)('appear, change and go within five seconds at %s', (wait) => {
    const { files, start, pass, version } = world(wait)
    start()
    files.set('a.yaml', mapping('mine'))
    pass(4_500)
    expect(version('mine')).toBe(1)
    files.set('a.yaml', mapping('mine', 2))
    pass(4_500)
    expect(version('mine')).toBe(2)
    files.delete('a.yaml')
    pass(4_500)
    expect(version('mine')).toBeUndefined()
  })

  it('are known to ingest before the gateway takes deliveries for them, and forgotten after', () => {
    const [gateway, ingest] = [world('gateway'), world('ingest')]
    for (const { start } of [gateway, ingest]) start()
    const knows = () => [gateway, ingest].map(({ version }) => version('mine') !== undefined)
    const seen = new Set<string>()
    for (const present of [true, false])
      for (let half = 0; half < 9; half++)
        for (const { files, pass } of [gateway, ingest]) {
          if (present) files.set('a.yaml', mapping('mine'))
          else files.delete('a.yaml')
          pass(500)
          seen.add(knows().join())
        }
    expect([...seen].sort()).toEqual(['false,false', 'false,true', 'true,true'])
  })

  it('stay as they are when a change is broken, which is told with its place and tried again at the next change', () => {
    const { files, start, pass, version, sources, changes } = world()
    files.set('a.yaml', mapping('mine'))
    start()
    files.set('a.yaml', mapping('mine', 2).replace('sender: user', 'sender: martian'))
    pass(10_000)
    expect(version('mine')).toBe(1)
    expect(sources.report()).toEqual({
      own: [{ source: 'mine', version: 1, file: 'a.yaml' }],
      refused: [
        { file: 'a.yaml', problem: expect.stringMatching(/^a\.yaml:\d+: rules\.0\.event\.sender must be one of/) },
      ],
    })
    expect(changes).toEqual(['taken a.yaml', 'refused a.yaml'])
    files.set('a.yaml', mapping('mine', 3))
    pass(1_500)
    expect(version('mine')).toBe(3)
    expect(sources.report().refused).toEqual([])
  })

  it('are not read while they are being written', () => {
    const { files, start, pass, sources, changes } = world()
    start()
    const whole = mapping('mine')
    for (let length = 20; length < whole.length; length += 40) {
      files.set('a.yaml', whole.slice(0, length))
      pass(500)
    }
    files.set('a.yaml', whole)
    pass(1_000)
    expect(changes).toEqual(['taken a.yaml'])
    expect(sources.get('mine')).toBeDefined()
  })

  it('take the place of a shipped one, which is back when they go', () => {
    const { files, start, pass, version } = world('gateway')
    start()
    files.set('a.yaml', mapping('shipped', 9))
    pass(1_500)
    expect(version('shipped')).toBe(9)
    files.delete('a.yaml')
    pass(2_000)
    expect(version('shipped')).toBe(1)
  })

  it('are one for a source: the second file is refused until the first goes', () => {
    const { files, start, pass, sources, version } = world()
    files.set('a.yaml', mapping('mine'))
    start()
    files.set('b.yaml', mapping('mine', 2))
    pass(2_000)
    expect(version('mine')).toBe(1)
    expect(sources.report().refused).toEqual([
      { file: 'b.yaml', problem: expect.stringContaining('is that of a.yaml already') },
    ])
    files.delete('a.yaml')
    files.set('b.yaml', mapping('mine', 3))
    pass(1_000)
    expect(version('mine')).toBe(3)
    pass(4_000)
    expect(version('mine')).toBe(3)
  })

  it('survive an editor that removes a file before it writes it anew, and a folder that is away', () => {
    const { files, start, pass, version, setAway } = world('gateway')
    files.set('a.yaml', mapping('mine'))
    start()
    files.delete('a.yaml')
    pass(500)
    files.set('a.yaml', mapping('mine', 2))
    pass(500)
    expect(version('mine')).toBe(1)
    pass(500)
    expect(version('mine')).toBe(2)
    setAway(true)
    pass(60_000)
    expect(version('mine')).toBe(2)
  })

  it('may change the name of their source', () => {
    const { files, start, pass, sources } = world()
    files.set('a.yaml', mapping('mine'))
    start()
    files.set('a.yaml', mapping('yours'))
    pass(2_000)
    expect(sources.names()).toEqual(['shipped', 'yours'])
  })
})
