import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderChecksum, readChecksums, wrongFiles } from '../../../services/local/parts/checksums.ts'
import { LoopbackContainer } from '../../../services/local/parts/containers.ts'
import { readImages, referenceOf } from '../../../services/local/parts/images.ts'

describe('downloaded parts', () => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex')
  let folder: string
  let checksums: ReadonlyMap<string, string>
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signals-parts-'))
    for (const name of ['kafka', 'registry/lib']) mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, 'kafka/a.jar'), 'a')
    writeFileSync(join(folder, 'registry/run.jar'), 'r')
    writeFileSync(join(folder, 'registry/lib/b.jar'), 'b')
    checksums = new Map([
      ['kafka/a.jar', sum('a')],
      ['registry/', await folderChecksum(join(folder, 'registry'))],
    ])
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const wrong = () => wrongFiles(folder, checksums, ['kafka'])

  it('fit their checksums', async () => expect(await wrong()).toEqual([]))

  it.each<[string, () => void, string]>([
    ['a changed file', () => writeFileSync(join(folder, 'kafka/a.jar'), 'x'), 'kafka/a.jar'],
    ['a missing file', () => rmSync(join(folder, 'kafka/a.jar')), 'kafka/a.jar'],
    [
      'a further jar, which Java would load',
      () => writeFileSync(join(folder, 'kafka/evil.jar'), 'x'),
      'kafka/evil.jar',
    ],
    ['a changed file of a folder', () => writeFileSync(join(folder, 'registry/lib/b.jar'), 'x'), 'registry/'],
    ['a further file of a folder', () => writeFileSync(join(folder, 'registry/lib/c.jar'), 'x'), 'registry/'],
    ['a missing folder', () => rmSync(join(folder, 'registry'), { recursive: true }), 'registry/'],
  ])('are refused with %s', async (_name, change, path) => {
    change()
    expect(await wrong()).toEqual([path])
  })

  it('are pinned without those that have known holes', () => {
    const paths = [...readChecksums(join(import.meta.dirname, '../../../infra/native/checksums.sha256')).keys()]
    expect(paths).toEqual(expect.arrayContaining(['registry/', 'redis/', 'kafka/commons-beanutils-1.11.0.jar']))
    expect(paths.filter((path) => /commons-beanutils-1\.[0-9]\.|lz4-java-1\.8|log4j-core-2\.24/.test(path))).toEqual([])
  })
})

describe('a container', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-images-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is reached from this machine only', async () => {
    const container = new LoopbackContainer('redis').withExposedPorts(6379, { container: 9092, host: 19_092 })
    const inside = container as unknown as {
      beforeContainerCreated(): Promise<void>
      hostConfig: { PortBindings: Record<string, readonly { HostIp?: string }[]> }
    }
    await inside.beforeContainerCreated()
    expect(inside.hostConfig.PortBindings).toEqual({
      '6379/tcp': [{ HostPort: '0', HostIp: '127.0.0.1' }],
      '9092/tcp': [{ HostPort: '19092', HostIp: '127.0.0.1' }],
    })
  })

  it('is of an exact version, and of one content where its digest is known', () => {
    const { kafka, registry, redis } = readImages(undefined)
    for (const one of [kafka, registry, redis]) {
      expect(one?.image).toMatch(/:\d+\.\d+\.\d+/)
      expect(one?.source).toMatch(/not verified here|verified on \d{4}-\d\d-\d\d|no digest is known here/)
    }
    expect(referenceOf(kafka as never)).toMatch(/^apache\/kafka:[\d.]+@sha256:[0-9a-f]{64}$/)
    expect(referenceOf({ image: 'a:1.0.0', digest: null, source: '' })).toBe('a:1.0.0')
  })

  it('may come from a mirror, and the others from where they were', () => {
    const file = join(folder, 'images.json')
    writeFileSync(
      file,
      JSON.stringify({ kafka: { image: 'mirror.example/kafka:4.1.1', digest: null, source: 'ours' } }),
    )
    const { kafka, redis } = readImages(file)
    expect(kafka?.image).toBe('mirror.example/kafka:4.1.1')
    expect(redis).toEqual(readImages(undefined).redis)
  })

  it('is refused with the name of its field', () => {
    const file = join(folder, 'images.json')
    writeFileSync(file, JSON.stringify({ kafka: { image: 'a', digest: 'latest', source: 'ours' } }))
    expect(() => readImages(file)).toThrow(/images\.json: kafka\.digest: must be sha256:/)
    writeFileSync(file, 'no JSON')
    expect(() => readImages(file)).toThrow(/^SIGNALS_IMAGES: .* cannot be read as JSON/)
  })
})
