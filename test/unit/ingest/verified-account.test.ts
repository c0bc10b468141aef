import type { MessageEvent } from '../../../services/shared/model/message-event.ts'
import { messageEvent, noon } from '../../support/builders.ts'
import { labels, openIngest } from '../../support/ingest-world.ts'

const own = '106540352242922'
const other = 'other'
type World = Awaited<ReturnType<typeof openIngest>>

/** Both accounts are of one source and connected; `other` has a webhook secret of its own if given. */
const open = async (webhookSecret: Buffer | null = null): Promise<World> => {
  const world = await openIngest()
  world.connect({ connectionId: 'own', source: 'echo', accountId: own })
  world.connect({ connectionId: 'other', source: 'echo', accountId: other, webhookSecret })
  return world
}
const event = (accountId: string, fields: Partial<MessageEvent> = {}) =>
  messageEvent({ source: 'echo', accountId, messageId: `m-${accountId}`, ...fields })
const body = { events: [event(own), event(other)], ignored: [], failed: [] }

describe('the items of a delivery', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'whose proof holds for one account',
      { 'verified-by': 'connection:own', 'verified-account': own },
      ['forwarded', 'unverified_account'],
    ],
    [
      'of the source, for one account',
      { 'verified-by': 'source', 'verified-account': own },
      ['forwarded', 'unverified_account'],
    ],
    ['of the source that names no account', { 'verified-by': 'source' }, ['forwarded', 'forwarded']],
    ['without a note, from before there were any', {}, ['forwarded', 'forwarded']],
  ])('%s are those of that account', async (_name, headers, expected) => {
    const { run, delivery } = await open()
    expect(labels(await run(delivery(body, headers)))).toEqual(expected)
  })

  it('of the source are not taken for an account with a secret of its own', async () => {
    const { run, delivery } = await open(Buffer.from('sealed'))
    expect(labels(await run(delivery(body, { 'verified-by': 'source' })))).toEqual(['forwarded', 'unverified_account'])
  })

  it('of another account leave no claim: its own delivery passes', async () => {
    const { run, delivery } = await open()
    await run(delivery(body, { 'verified-by': 'source', 'verified-account': own }))
    const honest = delivery({ ...body, events: [event(other)] }, { 'verified-by': 'source', 'verified-account': other })
    expect(labels(await run(honest))).toEqual(['forwarded'])
  })
})

describe('withdrawals of a delivery', () => {
  const removed = [own, other].map((accountId) => ({ accountId, reason: 1, occurredAt: noon }))
  const withdrawal = { events: [], ignored: ['account', 'account'], failed: [], removed }

  it.each<[string, Record<string, string>, string[], number]>([
    ['whose proof holds for one account', { 'verified-by': 'connection:own', 'verified-account': own }, [own], 1],
    ['of the source that names no account', { 'verified-by': 'source' }, [own, other], 0],
    ['without a note', {}, [own, other], 0],
  ])('%s are those of that account', async (_name, headers, accounts, dropped) => {
    const { decide, delivery } = await open()
    const { changes, outcomes } = await decide(delivery(withdrawal, headers))
    expect(changes).toEqual(accounts.map((accountId) => ({ accountId, reason: 1, occurredAt: noon, source: 'echo' })))
    expect(labels(outcomes as never).filter((label) => label === 'unverified_account')).toHaveLength(dropped)
  })

  it('of the source do not end the consent of an account with a secret of its own', async () => {
    const { decide, delivery } = await open(Buffer.from('sealed'))
    const { changes } = await decide(delivery(withdrawal, { 'verified-by': 'source' }))
    expect(changes.map(({ accountId }) => accountId)).toEqual([own])
  })
})

describe('a message event', () => {
  it.each<[string, Record<string, string>, string]>([
    ['that a token handed over', { 'verified-by': 'token:t1', 'verified-account': own }, 'forwarded'],
    [
      'of another account than its note',
      { 'verified-by': 'token:t1', 'verified-account': other },
      'unverified_account',
    ],
    ['that a connector wrote itself', {}, 'forwarded'],
  ])('%s is decided by its note', async (_name, headers, expected) => {
    const { run, recordOf } = await open()
    const record = recordOf({ value: Buffer.from(JSON.stringify(event(own))), headers })
    expect(labels(await run(record))).toEqual([expected])
  })
})
