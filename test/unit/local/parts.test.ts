import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderChecksum, readChecksums, wrongFiles } from '../../../services/local/parts/checksums.ts'
import { images, LoopbackContainer } from '../../../services/local/parts/containers.ts'

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
  it('is reached from this machine only', async () => {
    const container = new LoopbackContainer(images.redis).withExposedPorts(6379, { container: 9092, host: 19_092 })
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

  it('is of an exact version', () => {
    for (const image of Object.values(images)) expect(image).toMatch(/:\d+\.\d+\.\d+/)
  })
})
