import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import avro from 'avsc'
import { latestSchema } from '../../../../../schemas/index.ts'
import type { ConsumedRecord } from '../../../../../services/runtime/ports.ts'
import { FileUnusable } from '../../../../../services/tools/replay/input/avro-container.ts'
import { identifyFile, readFile } from '../../../../../services/tools/replay/input/event-file.ts'
import { messageEvent, noon } from '../../../../support/builders.ts'

describe('a file of message events', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-file-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const read = async (name: string, within: { from: number | null; to: number | null } = { from: null, to: null }) => {
    const records: ConsumedRecord[] = []
    const problems: string[] = []
    await readFile(
      await identifyFile(join(folder, name)),
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

  it('is read from NDJSON; wrong lines are reported by number and field, never by value', async () => {
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
      '3: is not JSON: a line holds one message event, as a JSON object',
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

  it('reports how much of it is read, also while it skips events', async () => {
    writeFileSync(
      join(folder, 'long.ndjson'),
      Array.from({ length: 25_000 }, (_, n) => JSON.stringify(numbered(n))).join('\n'),
    )
    const reports: [number, number][] = []
    const noEvents = { from: noon - 2, to: noon - 1 }
    const long = await identifyFile(join(folder, 'long.ndjson'))
    await readFile(
      long,
      noEvents,
      async (batch, share) => void reports.push([batch.length, share]),
      () => {},
    )
    expect(reports.map(([length]) => length)).toEqual([0, 0, 0])
    const shares = reports.map(([, share]) => share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares[0]).toBeGreaterThan(0)
    expect(shares.at(-1)).toBe(1)
  })

  it('may begin with a byte order mark', async () => {
    writeFileSync(
      join(folder, 'marked.ndjson'),
      `\uFEFF${JSON.stringify(numbered(1))}\r\n${JSON.stringify(numbered(2))}\r\n`,
    )
    expect(await read('marked.ndjson')).toMatchObject({ ids: ['m1', 'm2'], problems: [] })
  })

  it('is refused where a container is cut off, damaged or compressed otherwise: a part must not pass for the whole', async () => {
    const encoder = new avro.streams.BlockEncoder(JSON.parse(latestSchema('message-event')), { codec: 'deflate' })
    const file = encoder.pipe(createWriteStream(join(folder, 'whole.avro')))
    for (let n = 0; n < 3_000; n++) encoder.write(numbered(n))
    encoder.end()
    await finished(file)
    const whole = readFileSync(join(folder, 'whole.avro'))
    const put = (name: string, bytes: Buffer) => writeFileSync(join(folder, name), bytes)
    put('cut.avro', whole.subarray(0, whole.length - 700))
    put('damaged.avro', Buffer.concat([whole.subarray(0, -500), Buffer.alloc(400, 7), whole.subarray(-100)]))
    put('other.avro', Buffer.from(whole.toString('latin1').replace('\x0edeflate', '\x0csnappy'), 'latin1'))
    await expect(read('cut.avro')).rejects.toThrow(/cut off: export or copy it again/)
    await expect(read('other.avro')).rejects.toThrow(/compressed by snappy: export it with the codec deflate or null/)
    await expect(read('damaged.avro')).rejects.toThrow(/cannot be read after item \d+: export it again/)
    expect((await read('whole.avro')).ids).toHaveLength(3_000)
  })

  it('tells an error of the file from one of its reader', async () => {
    writeFileSync(join(folder, 'one.ndjson'), JSON.stringify(numbered(1)))
    const one = await identifyFile(join(folder, 'one.ndjson'))
    const away = () => Promise.reject(new Error('redis is away'))
    await expect(readFile(one, { from: null, to: null }, away, () => {})).rejects.toThrow('redis is away')
  })

  it('that is missing or not a container is refused in plain words', async () => {
    await expect(identifyFile(join(folder, 'absent.ndjson'))).rejects.toThrow(/cannot be read \(ENOENT\)/)
    writeFileSync(join(folder, 'wrong.avro'), 'these are not Avro bytes')
    await expect(identifyFile(join(folder, 'wrong.avro'))).rejects.toThrow(FileUnusable)
  })
})
