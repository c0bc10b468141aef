import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import avro from 'avsc'
import { latestSchema } from '../../../schemas/index.ts'
import { FileUnusable, identify, readFile } from '../../../services/replay/file.ts'
import type { ConsumedRecord } from '../../../services/runtime/ports.ts'
import { messageEvent, noon } from '../../support/builders.ts'

describe('a file of message events', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-file-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const read = async (name: string, within: { from: number | null; to: number | null } = { from: null, to: null }) => {
    const records: ConsumedRecord[] = []
    const problems: string[] = []
    await readFile(
      await identify(join(folder, name)),
      within,
      async (batch) => void records.push(...batch),
      ({ place, problem }) => problems.push(`${place}: ${problem}`),
    )
    const ids = records.map(
      ({ value }) => (JSON.parse((value as Buffer).toString()) as { messageId: string }).messageId,
    )
    return { records, ids, problems }
  }
  const numbered = (n: number) => messageEvent({ messageId: `m${n}`, occurredAt: noon + n })

  it('is read from NDJSON; wrong lines are told by number and field, never by value', async () => {
    const lines = [
      JSON.stringify(numbered(1)),
      '',
      '{"secret": "words',
      JSON.stringify({ ...numbered(2), occurredAt: Math.floor(noon / 1000) }),
      JSON.stringify(numbered(3)),
    ]
    writeFileSync(join(folder, 'export.ndjson'), lines.join('\n'))
    const { ids, problems, records } = await read('export.ndjson')
    expect(ids).toEqual(['m1', 'm3'])
    expect(problems).toEqual([
      '3: is not JSON',
      '4: occurredAt: looks like seconds; send milliseconds (multiply by 1,000)',
    ])
    expect(records[1]).toMatchObject({ offset: 5n, headers: { 'received-at': String(noon + 3) } })
  })

  it('is read from an Avro container', async () => {
    const encoder = new avro.streams.BlockEncoder(JSON.parse(latestSchema('message-event')))
    const file = encoder.pipe(createWriteStream(join(folder, 'export.avro')))
    for (let n = 0; n < 1_500; n++) encoder.write(numbered(n))
    encoder.end()
    await finished(file)
    const { ids, problems } = await read('export.avro')
    expect([ids.length, ids.at(-1), problems]).toEqual([1_500, 'm1499', []])
  })

  it('is read within event times', async () => {
    writeFileSync(join(folder, 'days.ndjson'), [1, 2, 3, 4].map((n) => JSON.stringify(numbered(n))).join('\n'))
    expect((await read('days.ndjson', { from: noon + 2, to: noon + 4 })).ids).toEqual(['m2', 'm3'])
  })

  it('that is not there, or no container, is refused in plain words', async () => {
    await expect(identify(join(folder, 'absent.ndjson'))).rejects.toThrow(/cannot be read \(ENOENT\)/)
    writeFileSync(join(folder, 'wrong.avro'), 'these are no Avro bytes')
    await expect(read('wrong.avro')).rejects.toThrow(FileUnusable)
  })
})
