import { causesOf } from '../../../services/control/dead-letters/dead-letter-causes.ts'
import { deadLetterTopic } from '../../../services/derived-topics.ts'
import { headerNames } from '../../../services/runtime/batch/record-headers.ts'
import { topics } from '../../../services/topology.ts'
import { openConsoleWork } from '../../support/console-work.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const day = 86_400_000
const now = 20_000 * day + 1_000

const open = async () => {
  const world = await openConsoleWork(new FakeClock(now))
  const producer = await world.broker.producer()
  const deadLetter = (code: string, failedAt = now, headers: Record<string, string> = {}) =>
    producer.send([
      {
        topic: deadLetterTopic('ingest'),
        key: 'k',
        partition: 0,
        headers,
        value: world.codec.encodeDeadLetter({
          ...{ stage: 'ingest', code, detail: 'text: missing', items: [], attempt: 1, failedAt, keyId: 'key' },
          ...{ topic: topics.channelEvents.name, partition: 3, offset: 7, timestamp: now - 1 },
          original: Buffer.from('sealed words of a person'),
        }),
      },
    ])
  const redrive = (id: string) =>
    producer.send([{ topic: topics.redrives.name, key: id, partition: 0, headers: {}, value: Buffer.from('x') }])
  const id = (offset: number) => `${deadLetterTopic('ingest')}/0/${offset}`
  return { ...world, deadLetter, redrive, id }
}

describe('the index of dead letters', () => {
  it('knows what was there, what comes later, and which were redriven', async () => {
    const { deadLetters, deadLetter, redrive, id } = await open()
    await deadLetter('item_unmappable')
    await deadLetters.refresh()
    expect(deadLetters.openCount()).toBe(1)
    expect(deadLetters.openByCode()).toEqual({ item_unmappable: 1 })
    await deadLetter('item_unmappable', now + 1)
    await redrive(id(0))
    await deadLetters.refresh()
    expect(deadLetters.all().map((one) => [one.id, deadLetters.stateOf(one)])).toEqual([
      [id(1), 'open'],
      [id(0), 'put_back'],
    ])
    expect(deadLetters.openByCode()).toEqual({ item_unmappable: 1 })
  })

  it('leaves out what does not decode, and goes on behind it', async () => {
    const { deadLetters, deadLetter, broker, id } = await open()
    const producer = await broker.producer()
    await producer.send([{ topic: deadLetterTopic('ingest'), key: 'k', partition: 0, value: Buffer.from('no Avro') }])
    await deadLetter('item_unmappable')
    await deadLetters.refresh()
    expect(deadLetters.all().map((one) => one.id)).toEqual([id(1)])
  })

  it('tells what failed again after a redrive', async () => {
    const { deadLetters, deadLetter, redrive, id } = await open()
    await deadLetter('item_unmappable')
    await redrive(id(0))
    await deadLetter('item_unmappable', now, { [headerNames.redriveOf]: id(0) })
    await deadLetters.refresh()
    expect(deadLetters.stateOf({ id: id(0), stage: 'ingest' })).toBe('failed_again')
    expect(deadLetters.openCount()).toBe(1)
  })

  it('groups by cause, with the days of a fortnight', async () => {
    const { deadLetters, deadLetter, redrive, id } = await open()
    await deadLetter('item_unmappable', now - 2 * day)
    await deadLetter('item_unmappable', now - 20 * day)
    await deadLetter('bytes_invalid', now)
    await redrive(id(2))
    await deadLetters.refresh()
    const causes = causesOf(deadLetters.all(), (found) => deadLetters.stateOf(found), now)
    expect(causes).toMatchObject([
      { stage: 'ingest', code: 'item_unmappable', open: 2, putBack: 0, first: now - 20 * day, last: now - 2 * day },
      { stage: 'ingest', code: 'bytes_invalid', open: 0, putBack: 1 },
    ])
    expect(causes.map(({ perDay }) => perDay)).toEqual([
      [...Array.from({ length: 11 }, () => 0), 1, 0, 0],
      [...Array.from({ length: 13 }, () => 0), 1],
    ])
    expect(causes[0]?.help).not.toBe('')
  })
})
