import type { Principal } from '../../../services/control/access/authenticator.ts'
import { deadLetterTopic } from '../../../services/derived-topics.ts'
import { writeList } from '../../../services/keywords/lists/store.ts'
import { newRun, readRuns, writeRun } from '../../../services/tools/replay/run/run-store.ts'
import { topics } from '../../../services/topology.ts'
import { keywordEntry, keywordList, messageEvent } from '../../support/builders.ts'
import { as } from '../../support/console-access.ts'
import { openConsole } from '../../support/console-world.ts'

const principal = (role: Principal['role'], tenant: string | null = null): Principal => ({
  ...{ actor: `token:${role}`, role, tenant, accounts: null },
})
const base64 = (text: string) => Buffer.from(text).toString('base64')

const open = async () => {
  const world = await openConsole({
    tokens: new Map([
      ['viewer', principal('viewer')],
      ['operator', principal('operator')],
      ['operator-of-a', principal('operator', 'a')],
    ]),
  })
  const { broker, codec } = world.own
  const producer = await broker.producer()
  const deadLetter = (code: string) =>
    producer.send([
      {
        topic: deadLetterTopic('ingest'),
        key: 'k',
        value: codec.encodeDeadLetter({
          ...{ stage: 'ingest', code, detail: 'text: missing', items: [], attempt: 1, failedAt: 1, keyId: 'key' },
          ...{ topic: topics.channelEvents.name, partition: 3, offset: 7, timestamp: 1 },
          original: Buffer.from('sealed words of a person'),
        }),
      },
    ])
  const done = () => world.entries.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`)
  return { ...world, producer, deadLetter, done }
}

const redrive = { stage: 'ingest', code: 'event_invalid' }
const replay = { from: 1 }
const csv = { file: base64('keyword,flag\nprecio,asked_price\n') }

it.each<[string, unknown]>([
  ['redrives', redrive],
  ['discards', redrive],
  ['replay-jobs', replay],
  ['replay-stops', {}],
  ['replays/run-1/cancel', {}],
  ['replays/run-1/resume', {}],
  ['keyword-lists/mx/import', csv],
  ['rule-sets/mx/import', csv],
])('refuses %s to a viewer and to an operator of one tenant, and notes the first', async (path, body) => {
  const { ask, done } = await open()
  expect((await ask(`POST /admin/v1/${path}`, { ...as('viewer'), body })).status).toBe(403)
  expect(done().filter((entry) => entry.endsWith('denied'))).toHaveLength(1)
  expect((await ask(`POST /admin/v1/${path}`, { ...as('operator-of-a'), body })).status).toBe(403)
})

it.each<[string, unknown]>([
  ['redrives', { stage: 'gateway', code: 'event_invalid' }],
  ['redrives', { stage: 'ingest', code: 'no_such_code' }],
  ['redrives', { ...redrive, all: true }],
  ['discards', {}],
  ['replay-jobs', { from: 'yesterday' }],
  ['replay-jobs', { from: 5, to: 5 }],
  ['replay-jobs', { from: 9_999_999_999_999 }],
  ['keyword-lists/mx/import', { file: 'not base64!' }],
  ['keyword-lists/m x/import', csv],
])('refuses %s with %j, naming the field', async (path, body) => {
  const { ask } = await open()
  const { status, json } = await ask(`POST /admin/v1/${encodeURI(path)}`, { ...as('operator'), body })
  expect([status, JSON.stringify(json.error)]).toEqual([400, expect.stringMatching(/stage|code|all|from|to|file|id/)])
})

describe('a redrive from the console', () => {
  it('begins with a dry run, that changes nothing', async () => {
    const { ask, deadLetter, done, own } = await open()
    await deadLetter('event_invalid')
    await deadLetter('bytes_invalid')
    const { json } = await ask('POST /admin/v1/redrives', { ...as('operator'), body: redrive })
    expect(json).toMatchObject({ selected: 1, records: 1, tried: { key_erased: 1 } })
    expect(done()).toEqual(['dead_letters.plan ingest/event_invalid allowed'])
    expect(own.redrives.all()).toEqual([])
  })

  it('runs once at a time, and says what came of it', async () => {
    const { ask, deadLetter, done, own } = await open()
    await deadLetter('event_invalid')
    const begin = () => ask('POST /admin/v1/redrives', { ...as('operator'), body: { ...redrive, dryRun: false } })
    const [first, second] = await Promise.all([begin(), begin()])
    expect([first.status, second.status].sort()).toEqual([201, 409])
    await own.redrives.idle()
    expect(JSON.parse((await ask('GET /admin/v1/redrives')).text)).toMatchObject([
      { actor: 'token:operator', records: 1, result: { redriven: 0, erased: 1 }, problem: null },
    ])
    expect(done()).toContain('dead_letters.redrive ingest/event_invalid allowed')
  })

  it('shows discarded dead letters as such, and no longer as open', async () => {
    const { ask, deadLetter } = await open()
    await deadLetter('event_invalid')
    await deadLetter('bytes_invalid')
    expect((await ask('POST /admin/v1/discards', { ...as('operator'), body: redrive })).json).toEqual({ discarded: 1 })
    expect((await ask('POST /admin/v1/discards', { ...as('operator'), body: redrive })).json).toEqual({ discarded: 0 })
    expect(JSON.parse((await ask('GET /admin/v1/dead-letter-causes')).text)).toMatchObject([
      { code: 'bytes_invalid', open: 1 },
      { code: 'event_invalid', open: 0, discarded: 1 },
    ])
    expect((await ask('POST /admin/v1/redrives', { ...as('operator'), body: redrive })).json).toMatchObject({
      ...{ records: 0, skipped: { redriven: 1 } },
    })
  })
})

describe('an import from the console', () => {
  it('names every problem by its line, and takes nothing', async () => {
    const { ask, own } = await open()
    const file = base64('keyword,flag\n,asked\nprecio,Bad Flag\n')
    const path = 'POST /admin/v1/keyword-lists/mx/import'
    const { json } = await ask(path, { body: { file } })
    expect(json).toMatchObject({
      version: null,
      written: false,
      problems: [/line 2/, /line 3/].map(expect.stringMatching),
    })
    expect((await ask(path, { body: { file, dryRun: false } })).status).toBe(422)
    expect((await own.versions.cache.read()).keywordLists.ids()).toEqual([])
  })

  it('names warnings by their line, and what would change; then writes the version', async () => {
    const { ask, own, done } = await open()
    const known = keywordList({ listId: 'mx', version: 1, entries: [keywordEntry('envío')] })
    await writeList(own.broker, own.codec, known)
    const file = base64('keyword,flag\nprecio,asked_price\nenví*,asked_delivery\n')
    const path = 'POST /admin/v1/keyword-lists/mx/import'
    const dry = (await ask(path, { ...as('operator'), body: { file } })).json
    expect(dry).toMatchObject({
      ...{ version: 2, written: false, problems: [], same: 0 },
      removed: [{ keyword: 'envío' }],
    })
    expect(dry.warnings).toContainEqual(expect.stringMatching(/"enví\*" \(line 3\)/))
    const wet = await ask(path, { ...as('operator'), body: { file, dryRun: false } })
    expect(wet.json).toMatchObject({ version: 2, written: true })
    const { keywordLists } = await own.versions.cache.read()
    expect([keywordLists.shadow('mx')?.version, keywordLists.active('mx')?.version]).toEqual([2, 1])
    expect(keywordLists.shadow('mx')?.author).toBe('token:operator')
    expect(done()).toEqual(['keywords.plan mx allowed', 'keywords.import mx allowed'])
  })

  it('is active at once only from an administrator', async () => {
    const { ask } = await open()
    const body = { ...csv, dryRun: false, shadow: false }
    expect((await ask('POST /admin/v1/keyword-lists/mx/import', { ...as('operator'), body })).status).toBe(403)
    expect((await ask('POST /admin/v1/keyword-lists/mx/import', { body })).status).toBe(200)
  })

  it('takes rule sets, whose shadow is promoted and rolled back', async () => {
    const { ask, own } = await open()
    const set = (event: string) => base64(JSON.stringify({ rules: [{ event, when: { flags: ['nobody_raises'] } }] }))
    const path = 'rule-sets/mx'
    const file = set('Lead')
    const dry = (await ask(`POST /admin/v1/${path}/import`, { body: { file } })).json
    expect(dry).toMatchObject({ version: 1, warnings: [expect.stringMatching(/line 1.*nobody_raises/)] })
    const write = (event: string, shadow: boolean) =>
      ask(`POST /admin/v1/${path}/import`, { body: { file: set(event), shadow, dryRun: false } })
    await write('Lead', false)
    await write('Purchase', true)
    expect((await ask(`POST /admin/v1/${path}/promote`, { body: {} })).json).toEqual({ id: 'mx', version: 3 })
    expect((await ask(`POST /admin/v1/${path}/rollback`, { body: { to: 1 } })).json).toEqual({ id: 'mx', version: 4 })
    const { ruleSets } = await own.versions.cache.read()
    expect(ruleSets.active('mx')?.rules.map(({ event }) => event)).toEqual(['Lead'])
  })

  it('evaluates a rule set over a file of message events, and quotes none of it', async () => {
    const { ask } = await open()
    const file = base64(JSON.stringify({ rules: [{ event: 'Lead', when: { inboundMessages: 1 } }] }))
    await ask('POST /admin/v1/rule-sets/mx/import', { body: { file, shadow: false, dryRun: false } })
    const path = 'POST /admin/v1/rule-sets/mx/evaluate'
    const events = base64(JSON.stringify(messageEvent({ text: 'secreto' })))
    const { json, text } = await ask(path, { ...as('viewer'), body: { file: events } })
    expect(json).toMatchObject({ version: 1, events: 1, rules: [{ event: 'Lead', fired: 1, why: null }] })
    expect(text).not.toContain('secreto')
    const broken = await ask(path, { body: { file: base64('secreto') } })
    expect([broken.status, broken.text]).toEqual([422, expect.stringMatching(/line 1 .*not JSON/)])
    expect((await ask('POST /admin/v1/rule-sets/other/evaluate', { body: { file: events } })).status).toBe(404)
  })

  it('evaluates a file of messages, and quotes none of it', async () => {
    const { ask, own } = await open()
    await writeList(own.broker, own.codec, keywordList({ listId: 'mx', version: 1, entries: [keywordEntry('precio')] }))
    const path = 'POST /admin/v1/keyword-lists/mx/evaluate'
    const file = base64('"¿precio?"\n{"text":"adiós secreto"}\n')
    const { json, text } = await ask(path, { ...as('viewer'), body: { file } })
    expect(json).toMatchObject({ version: 1, messages: 2, firing: 1 })
    expect(text).not.toContain('secreto')
    const broken = await ask(path, { body: { file: base64('"hola"\nsecreto') } })
    expect([broken.status, broken.text]).toEqual([422, expect.not.stringContaining('secreto')])
    expect(broken.text).toContain('line 2')
  })
})

describe('a replay from the console', () => {
  it('is one at a time, and tells why it failed', async () => {
    const { ask, own, done } = await open()
    const begin = () => ask('POST /admin/v1/replay-jobs', { ...as('operator'), body: replay })
    const [first, second] = await Promise.all([begin(), begin()])
    expect([first.status, second.status].sort()).toEqual([201, 409])
    await own.replays.idle()
    expect(JSON.parse((await ask('GET /admin/v1/replay-jobs')).text)).toMatchObject([
      { kind: 'dry run', actor: 'token:operator', phase: 'ended', problem: 'the test has no pipeline' },
    ])
    expect(done()).toContain('replay.plan all allowed')
  })

  it('is ended for good wherever it runs, once', async () => {
    const { ask, own, producer, clock } = await open()
    const request = { entry: 'raw', from: 1, to: 2, file: null } as never
    await own.broker.createTopics(
      ['signals.replay.v1', topics.deliveries.name].map((name) => ({ name, partitions: 1, config: {} })),
    )
    const run = await newRun(request, { offsets: [], leftToLive: 0, keptSince: null }, own.broker, clock.now())
    await writeRun(producer, own.codec, run)
    const path = `POST /admin/v1/replays/${run.run}`
    expect((await ask(`${path}/cancel`, { ...as('operator'), body: {} })).json).toEqual({ id: run.run })
    expect((await readRuns(own.broker, own.codec))[0]?.status).toBe('cancelled')
    expect((await ask(`${path}/resume`, { body: {} })).status).toBe(409)
    expect((await ask('POST /admin/v1/replays/unknown/cancel', { body: {} })).status).toBe(404)
  })
})
