import { KeywordLists } from '../../../services/keywords/lists/active-lists.ts'
import { type KeywordUse, keywords } from '../../../services/keywords/stage.ts'
import type { Outcome } from '../../../services/runtime/batch/outcome.ts'
import { sealContent } from '../../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import type { KeywordListRecord } from '../../../services/shared/model/keyword-list.ts'
import type { Message, Signal } from '../../../services/shared/model/topic-values.ts'
import { markOf } from '../../../services/shared/persons/suppressions.ts'
import {
  attributedMessage,
  connectionRecord,
  consumedRecord,
  keywordEntry,
  keywordList,
  message,
  noon,
  testKeyring,
} from '../../support/builders.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const payment = keywordList({ version: 3, entries: [keywordEntry('pago', { flag: 'payment' })] })

interface Case {
  readonly text?: string
  readonly fields?: Partial<Message>
  readonly connection?: Partial<ConnectionRecord>
  readonly lists?: readonly KeywordListRecord[]
  readonly starts?: boolean
  readonly forgotten?: boolean
}

/** The outcome and signals of a message, and the counted hits. */
const processed = async ({
  text = 'el pago',
  fields,
  connection,
  lists = [payment],
  starts = false,
  forgotten = false,
}: Case) => {
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry())
  const dataKey = keyring.newDataKey('acme-wa')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey, ...connection }))
  const active = new KeywordLists()
  for (const list of lists) active.stage(list)
  await active.compilePending()
  const uses: KeywordUse[] = []
  const suppressions = { has: () => forgotten, hasMark: () => forgotten }
  const count = (found: readonly KeywordUse[]) => uses.push(...found)
  const stage = keywords({ directory, lists: active, codec, keyring, suppressions, count })
  const content = { text, links: [], referral: null }
  const sealed = sealContent(content, keyring.connectionKey('acme-wa', dataKey), 'a0'.repeat(16))
  const value = attributedMessage({
    message: message({ content: sealed, hasText: true, textOrigin: 'typed', ...fields }),
    startsConversation: starts,
  })
  const batch = [{ value, record: consumedRecord(), attempt: 1 }]
  const { outcomes, changes } = stage.decide(batch, { state: await stage.load(batch, noon), now: noon })
  await stage.save(changes)
  const [outcome] = outcomes as readonly Outcome[]
  const records = outcome?.kind === 'forwarded' ? outcome.records : []
  return { outcome, signals: records.map((record) => record.value as Signal), records, uses }
}
const markOfBuilt = async () => markOf(message().conversation, await testKeyring())
const flagsOf = async (one: Case) => (await processed(one)).signals.flatMap(({ flags }) => flags)

it('raises no keyword for a text that an advertisement wrote, and still starts the conversation', async () => {
  const connection = { prefilled: ['Hola, quiero hacer un pago', 'Quiero el pago de .{1,20}', 'tiktok'] }
  const signals = async (text: string) =>
    (await processed({ text, connection, starts: true })).signals.map(({ kind }) => kind)
  expect(await signals('Hola,  quiero hacer un pago')).toEqual(['conversation'])
  expect(await signals('Quiero el pago de Zoraida')).toEqual(['conversation'])
  expect(await signals('Hi! el pago. From TikTok Ad ID: 1780000000000')).toEqual(['conversation'])
  expect(await signals('Hola, quiero hacer un pago hoy mismo')).toEqual(['conversation', 'keyword'])
})

it('matches of an e-mail only what the person wrote, not the lines that it quotes', async () => {
  const email = (text: string) => flagsOf({ text, fields: { channel: 'email' } })
  expect(await email('hice el pago\n> ok')).toEqual(['payment'])
  expect(await email('gracias\n> hice el pago')).toEqual([])
  expect(await email('gracias\n\nOn Mon, 3 Nov 2026 at 10:00, Shop <x@shop.example> wrote:\nsu pago')).toEqual([])
  expect(await email('gracias\nEl lun, 3 nov 2026, Tienda escribió:\nsu pago')).toEqual([])
  expect(await email('gracias\n-----Mensaje original-----\nDe: pago')).toEqual([])
  expect(await flagsOf({ text: '> el pago' })).toEqual(['payment'])
})

describe('a message', () => {
  it('of a consent that has ended is dropped: its key was erased', async () => {
    const fields = { content: Buffer.alloc(60) }
    const dropped = await processed({ fields, connection: { connectedAt: noon + 60_000 } })
    expect(dropped.outcome).toEqual({ kind: 'dropped', reason: 'consent_ended' })
    const opens = await processed({ connection: { connectedAt: noon + 60_000 }, starts: true })
    expect(opens.outcome).toEqual({ kind: 'dropped', reason: 'consent_ended' })
    expect((await processed({ fields })).outcome?.kind).toBe('deadLettered')
  })

  it('emits signals with the time of receipt, the consent and the mark of their conversation in their headers', async () => {
    const { records } = await processed({ connection: { connectedAt: noon - 5_000 }, fields: { receivedAt: noon } })
    expect(records.map(({ headers }) => headers)).toEqual([
      { 'received-at': String(noon), consent: String(noon - 5_000), 'suppression-mark': await markOfBuilt() },
    ])
  })

  it('of a forgotten person is dropped', async () => {
    expect((await processed({ forgotten: true })).outcome).toEqual({ kind: 'dropped', reason: 'suppressed' })
  })

  it('emits one keyword signal, with the version of its list and without the text', async () => {
    const { signals } = await processed({ text: 'palabrasecreta: el PAGO' })
    expect(signals).toMatchObject([{ kind: 'keyword', flags: ['payment'], keywordListVersion: 3 }])
    expect(JSON.stringify(signals)).not.toContain('palabrasecreta')
  })

  it('that opens a conversation may emit both signals', async () => {
    const { signals } = await processed({ starts: true })
    expect(signals.map(({ kind }) => kind)).toEqual(['conversation', 'keyword'])
  })

  it.each<[string, Case, readonly string[]]>([
    ['the person typed', {}, ['payment']],
    ['the person wrote under a picture', { fields: { textOrigin: 'caption' } }, ['payment']],
    ['is the label of a button', { fields: { textOrigin: 'button' } }, []],
    [
      'is the label of a button, where the connection asks for it',
      { fields: { textOrigin: 'button' }, connection: { keywordOrigins: ['button'] } },
      ['payment'],
    ],
    ['the business wrote', { fields: { direction: 'outbound' } }, []],
    [
      'the business wrote, where the connection asks for it',
      { fields: { direction: 'outbound' }, connection: { keywordDirections: ['inbound', 'outbound'] } },
      ['payment'],
    ],
    ['was edited', { fields: { kind: 'edit' } }, []],
    ['is history', { fields: { backfill: true } }, []],
  ])('counts or not what %s', async (_what, one, expected) => expect(await flagsOf(one)).toEqual(expected))

  it('emits no flags of a shadow list, but counts them', async () => {
    const shadow = keywordList({ version: 4, shadow: true, entries: [keywordEntry('hola', { flag: 'greeting' })] })
    const { signals, uses } = await processed({ text: 'hola, el pago', lists: [payment, shadow] })
    expect(signals.flatMap(({ flags }) => flags)).toEqual(['payment'])
    expect(uses).toEqual([
      { listId: 'default', version: 4, mode: 'shadow', flag: 'greeting' },
      { listId: 'default', version: 3, mode: 'raised', flag: 'payment' },
    ])
  })

  it('is matched against the list of its market', async () => {
    const mx = keywordList({ listId: 'mx', version: 9, entries: [keywordEntry('pago', { flag: 'pago_mx' })] })
    const { signals } = await processed({ lists: [payment, mx], connection: { market: 'mx' } })
    expect(signals).toMatchObject([{ flags: ['pago_mx'], keywordListVersion: 9 }])
  })

  it('emits nothing if its connection names a list that does not exist', async () => {
    expect((await processed({ connection: { keywordListId: 'nosuch' } })).outcome).toEqual({
      kind: 'dropped',
      reason: 'no_signal',
    })
  })
})
