import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CustomMappings,
  followSources,
  loadSources,
  type MappingsChange,
  parseMapping,
  waits,
} from '../../../../services/shared/sources/index.ts'
import { sources as shipped } from '../../../support/deliveries.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { documentOf } from '../../../support/mapping.ts'

const mapping = (source: string, version = 1) => documentOf({}, { source, version })

/** @param copies of the last good versions; a second process shares them */
const setUp = (wait: keyof typeof waits = 'ingest', copies = new Map<string, string>()) => {
  const files = new Map<string, string>()
  const changes: string[] = []
  let isFolderMissing = false
  let now = 0
  const sources = new CustomMappings(
    new Map([['shipped', parseMapping(mapping('shipped'), 'shipped.yaml')]]),
    {
      list: () => {
        if (isFolderMissing) throw new Error('ENOENT')
        return [...files].sort().map(([file, text]) => ({ file, stamp: text }))
      },
      read: (file) => files.get(file) as string,
      lastGood: (file) => copies.get(file) ?? null,
      keep: (file, text) => {
        copies.set(file, text)
        return true
      },
      forget: (file) => void copies.delete(file),
    },
    { waits: waits[wait], onChange: ({ kind, file }: MappingsChange) => void changes.push(`${kind} ${file}`) },
  )
  /** Lets time pass and polls twice a second, as a service does. */
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 500
      sources.poll(now)
    }
  }
  const version = (name: string) => sources.get(name)?.version
  return {
    files,
    copies,
    changes,
    sources,
    pass,
    version,
    start: () => sources.poll(now, true),
    removeFolder: () => {
      isFolderMissing = true
    },
  }
}

describe('custom mappings', () => {
  it('replace the signature of a shipped source only where a setting names it', () => {
    const signed = (algorithm: object) => documentOf({}, { signature: algorithm, source: 'shipped', version: 2 })
    const open = (signatureChanges?: readonly string[]) => {
      const files = {
        list: () => [{ file: 'a.yaml', stamp: '1' }],
        read: () => signed({ algorithm: 'none' }),
        lastGood: () => null,
        keep: () => false,
        forget: () => {},
      }
      const key = { algorithm: 'equality', header: 'x-key' }
      const shippedSource = parseMapping(documentOf({}, { signature: key, source: 'shipped' }), 'shipped.yaml')
      const sources = new CustomMappings(new Map([['shipped', shippedSource]]), files, {
        waits: waits.ingest,
        signatureChanges,
      })
      sources.poll(0, true)
      return sources
    }
    const refusing = open()
    expect(refusing.get('shipped')?.version).toBe(1)
    expect(refusing.report().refused).toEqual([
      { file: 'a.yaml', problem: expect.stringMatching(/^a\.yaml: signature: differs .*ALLOW_SIGNATURE_CHANGE/) },
    ])
    expect(open(['other']).get('shipped')?.version).toBe(1)
    expect(open(['other', 'shipped']).get('shipped')?.version).toBe(2)
  })

  it('are active from the start, beside the shipped ones', () => {
    const { files, start, sources } = setUp()
    files.set('a.yaml', mapping('mine'))
    start()
    expect(sources.names()).toEqual(['shipped', 'mine'])
  })

  it.each(['gateway', 'ingest'] as const)('are added, changed and removed within five seconds at %s', (wait) => {
    const { files, start, pass, version } = setUp(wait)
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

  it('are active in ingest before the gateway accepts deliveries for them, and until after', () => {
    const [gateway, ingest] = [setUp('gateway'), setUp('ingest')]
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

  it('stay active when a change is broken; it is reported with its position and read again after the next change', () => {
    const { files, start, pass, version, sources, changes } = setUp()
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

  const broken = mapping('mine', 2).replace('sender: user', 'sender: martian')

  it('keep their last good version over a restart that finds the file broken', () => {
    const before = setUp()
    before.files.set('a.yaml', mapping('mine'))
    before.start()
    const after = setUp('ingest', before.copies)
    after.files.set('a.yaml', broken)
    after.start()
    expect(after.version('mine')).toBe(1)
    expect(after.changes).toEqual(['refused a.yaml', 'restored a.yaml'])
    expect(after.sources.report()).toMatchObject({
      own: [{ source: 'mine', version: 1, file: 'a.yaml' }],
      refused: [{ file: 'a.yaml' }],
    })
    after.files.set('a.yaml', mapping('mine', 3))
    after.pass(1_500)
    expect(after.version('mine')).toBe(3)
    after.files.delete('a.yaml')
    after.pass(4_500)
    expect(after.version('mine')).toBeUndefined()
  })

  it('keep their place before the shipped mapping of the same name when a restart finds the file broken', () => {
    const before = setUp()
    before.files.set('a.yaml', mapping('shipped', 7))
    before.start()
    const after = setUp('gateway', before.copies)
    after.files.set('a.yaml', broken)
    after.start()
    expect(after.version('shipped')).toBe(7)
  })

  it.each<[string, (copies: Map<string, string>) => void]>([
    ['was never good', () => {}],
    ['was removed in between', (copies) => copies.delete('a.yaml')],
    ['has a damaged copy', (copies) => copies.set('a.yaml', 'source: [')],
  ])('have no earlier version when the file %s', (_name, change) => {
    const { files, copies, start, sources, changes } = setUp()
    change(copies)
    files.set('a.yaml', broken)
    start()
    expect(sources.names()).toEqual(['shipped'])
    expect(changes).toEqual(['refused a.yaml'])
  })

  it('lose their copy with their file', () => {
    const { files, copies, start, pass } = setUp()
    files.set('a.yaml', mapping('mine'))
    start()
    files.delete('a.yaml')
    pass(4_500)
    expect([...copies]).toEqual([])
  })

  it('are not read while they are being written', () => {
    const { files, start, pass, sources, changes } = setUp()
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

  it('replace a shipped one of the same name, until they are removed', () => {
    const { files, start, pass, version } = setUp('gateway')
    start()
    files.set('a.yaml', mapping('shipped', 9))
    pass(1_500)
    expect(version('shipped')).toBe(9)
    files.delete('a.yaml')
    pass(2_000)
    expect(version('shipped')).toBe(1)
  })

  it('are one per source: the second file is refused until the first is removed', () => {
    const { files, start, pass, sources, version } = setUp()
    files.set('a.yaml', mapping('mine'))
    start()
    files.set('b.yaml', mapping('mine', 2))
    pass(2_000)
    expect(version('mine')).toBe(1)
    expect(sources.report().refused).toEqual([
      { file: 'b.yaml', problem: expect.stringContaining('a.yaml already defines source mine') },
    ])
    files.delete('a.yaml')
    files.set('b.yaml', mapping('mine', 3))
    pass(1_000)
    expect(version('mine')).toBe(3)
    pass(4_000)
    expect(version('mine')).toBe(3)
  })

  it('survive an editor that removes a file before it writes it again, and an unavailable folder', () => {
    const { files, start, pass, version, removeFolder } = setUp('gateway')
    files.set('a.yaml', mapping('mine'))
    start()
    files.delete('a.yaml')
    pass(500)
    files.set('a.yaml', mapping('mine', 2))
    pass(500)
    expect(version('mine')).toBe(1)
    pass(500)
    expect(version('mine')).toBe(2)
    removeFolder()
    pass(60_000)
    expect(version('mine')).toBe(2)
  })

  it('may rename their source', () => {
    const { files, start, pass, sources } = setUp()
    files.set('a.yaml', mapping('mine'))
    start()
    files.set('a.yaml', mapping('yours'))
    pass(2_000)
    expect(sources.names()).toEqual(['shipped', 'yours'])
  })
})

it('loads every shipped mapping, under the name of its file', () => {
  expect(loadSources().names()).toEqual(shipped.names())
  expect(shipped.names().map((name) => shipped.get(name)?.name)).toEqual(shipped.names())
})

describe('following the sources', () => {
  it('polls the folder until it is stopped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mappings-'))
    const clock = new FakeClock(1_000)
    const changes: string[] = []
    const onChange = ({ kind, file }: MappingsChange) => void changes.push(`${kind} ${file}`)
    const { sources, stop } = followSources({ folder, waits: waits.ingest, clock, onChange })
    try {
      writeFileSync(join(folder, 'a.yaml'), mapping('mine'))
      await clock.advance(4_500)
      expect([changes, sources.get('mine')?.version]).toEqual([['taken a.yaml'], 1])
      stop()
      writeFileSync(join(folder, 'a.yaml'), mapping('mine', 22))
      await clock.advance(60_000)
      expect([sources.get('mine')?.version, clock.pending]).toEqual([1, 0])
    } finally {
      stop()
      rmSync(folder, { recursive: true })
    }
  })

  it('keeps the last good version on disk, for the next process and for programs that only look', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mappings-'))
    const start = () => followSources({ folder, waits: waits.gateway, clock: new FakeClock(1_000), onChange: () => {} })
    try {
      writeFileSync(join(folder, 'a.yaml'), mapping('mine'))
      expect(loadSources({ folder }).get('mine')?.version).toBe(1)
      expect(readdirSync(folder)).toEqual(['a.yaml'])
      start().stop()
      writeFileSync(join(folder, 'a.yaml'), 'source: [')
      const { sources, stop } = start()
      stop()
      expect(sources.get('mine')?.version).toBe(1)
      expect(loadSources({ folder }).get('mine')?.version).toBe(1)
      expect(readdirSync(join(folder, '.last-good'))).toEqual(['a.yaml'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
