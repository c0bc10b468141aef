import { deadLetterTopic } from '../../services/derived-topics.ts'
import { whatsappAccount, whatsappText } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { messageEvent } from '../support/builders.ts'
import { eventually } from '../support/eventually.ts'
import { connectTwo, openWorld, type World, whatsappConnection } from '../support/world.ts'

/** Real processes: an operator replays after adding a keyword, backfills from a file, and redrives dead letters. */
describe('history', () => {
  let world: World
  const begin = new Date(Date.now() - 3_600_000).toISOString()

  beforeAll(async () => {
    world = await openWorld()
    await connectTwo(world)
  }, 240_000)
  afterAll(() => world?.stop(), 60_000)

  const lastLine = (text: string) => JSON.parse(text.trim().split('\n').at(-1) as string)
  const replay = async (...options: string[]) => {
    const { code, stdout, stderr } = await world.pipeline.signals('replay', '--from', begin, '--json', ...options)
    if (code !== 0) throw new Error(stderr)
    return lastLine(stdout)
  }

  it('is replayed after a new keyword list, and each new signal is reported once', async () => {
    const texts = ['hola, pago', 'gracias', 'hola', 'gracias, pago', 'muchas gracias']
    await world.deliver(
      ...texts.map((text, n) => whatsappText(`5215550000${n}`, `wamid.${n}`, text, Date.now() - 60_000 + n * 1000)),
    )
    // Five conversations, two keywords.
    await world.arrivedCount(7)
    const csv = world.file('more.csv', 'keyword,flag\npago,payment\ngracias,thanks\n')
    expect((await world.pipeline.signals('keywords', 'import', csv)).code).toBe(0)

    expect(await replay()).toMatchObject({ dryRun: true, new: 0, reported: 7 })
    const dry = await replay('--keyword-list', '2', '--dry-run')
    expect(dry).toMatchObject({ dryRun: true, new: 2, reported: 7, expectedCalls: 1 })
    expect(await world.arrived()).toHaveLength(7)

    expect(await replay('--keyword-list', '2', '--stage', 'messages')).toMatchObject({ new: 2, reported: 7 })
    const sent = await replay('--keyword-list', 'latest', '--stage', 'attributed-messages', '--yes')
    expect(sent).toMatchObject({ status: 'done', new: 2, reported: 7, published: 2, accepted: 2, waiting: 0 })
    const added = (await world.arrived()).slice(7)
    expect(added.map(({ event_id }) => event_id).sort()).toEqual([...dry.samples].sort())
    expect(added.map(({ properties }) => properties)).toEqual([{ thanks: true }, { thanks: true }])

    expect(await replay('--keyword-list', '2', '--yes')).toMatchObject({ new: 0, reported: 9 })
    expect(await world.arrived()).toHaveLength(9)

    const wrong = await world.pipeline.signals('replay', '--from', begin, '--source', 'tick-tock')
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/--source: there is no connection of the/)])
  }, 240_000)

  it('of a partner comes from a file, and the next live message does not start its conversation again', async () => {
    const before = (await world.arrived()).length
    const person = '5215550077'
    const event = messageEvent({
      accountId: whatsappAccount,
      conversationId: `${whatsappAccount}:${person}`,
      messageId: 'wamid.exported',
      occurredAt: Date.now() - 1_800_000,
      text: 'hola, pago',
    })
    const file = world.file('export.ndjson', `${JSON.stringify(event)}\n${JSON.stringify(event)}\n`)
    const replayFile = () => replay('--file', file, '--keyword-list', 'latest', '--yes')
    expect(await replayFile()).toMatchObject({ new: 0, reported: 0 })
    // The advertiser had agreed before it was connected.
    const agreed = { ...whatsappConnection, authorisedAt: Date.now() - 3_600_000 }
    const added = await world.pipeline.signals(
      ...['connections', 'add', '--file', world.file('agreed.json', JSON.stringify(agreed))],
    )
    expect(added.code).toBe(0)
    const sent = await replayFile()
    expect(sent).toMatchObject({ status: 'done', new: 2, reported: 0, accepted: 2 })
    await world.deliver(whatsappText(person, 'wamid.after', 'gracias', Date.now() - 1_000))
    await world.deliver(whatsappText('5215550078', 'wamid.proof', 'hola', Date.now()))
    await world.arrivedCount(before + 4)
    const reported = (await world.arrived())
      .slice(before)
      .map(({ event: name, properties }) => [name, ...Object.keys(properties)].join(' '))
    expect(reported.sort()).toEqual(['Conversation', 'Conversation', 'Keyword payment', 'Keyword thanks'])
  }, 240_000)

  it('with dead letters is shown without its content, and a second failure is recognised', async () => {
    const broker = openBroker(kafkaSettingsOf(process.env, world.pipeline.ready.brokers, 'test'))
    const producer = await broker.producer()
    const value = Buffer.from('{"source":"whatsapp","text":"my secret words"}')
    await producer.send([{ topic: 'channel-events.v1', key: '5215559999', value }])
    const topic = deadLetterTopic('ingest')
    const offsets = () => broker.offsets('test', topic)
    await eventually('the dead letter', async () => (await offsets()).some(({ high }) => high > 0n))
    const partition = (await offsets()).findIndex(({ high }) => high > 0n)
    await producer.close()
    await broker.close()
    const { stdout } = await world.pipeline.signals('dead-letters', 'show', `ingest/${partition}/0`, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ stage: 'ingest', code: 'event_invalid', redrives: 0, redriven: false })
    expect(stdout).not.toMatch(/secret|5215559999/)

    const redrive = (...more: string[]) =>
      world.pipeline.signals('dead-letters', 'redrive', '--source', 'whatsapp', '--json', ...more)
    expect(lastLine((await redrive()).stdout)).toMatchObject({
      ...{ dryRun: true, records: 0 },
      tried: { event_invalid: 1 },
      skipped: { would_fail: 1 },
    })
    const refused = await redrive('--yes')
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/would fail again .*event_invalid.*--force/),
    ])
    const failing = await redrive('--yes', '--force')
    expect([failing.code, lastLine(failing.stdout)]).toMatchObject([1, { redriven: 1, failedAgain: 1 }])

    const nothingLeft = await redrive('--yes')
    const skipped = { redriven: 1, failed_again: 1 }
    expect([nothingLeft.code, lastLine(nothingLeft.stdout)]).toMatchObject([0, { dryRun: false, records: 0, skipped }])
    const again = lastLine((await redrive('--yes', '--again', '--force')).stdout)
    expect(again).toMatchObject({ redriven: 1, failedAgain: 1, skipped: { failed_later: 1 } })
    const absent = await redrive('ingest/0/99999', '--yes')
    expect([absent.code, absent.stdout]).toEqual([2, ''])
    expect(absent.stderr).toMatch(/no such dead letter .*: ingest\/0\/99999;/)
    const unknown = await redrive('--connection', 'unknown')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/there is no connection unknown/)])
  }, 240_000)
})
