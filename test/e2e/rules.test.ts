/** Rule sets as an operator handles them: import, shadow, promote, roll back, and what TikTok gets meanwhile. */
import { connectTwo, openWorld, type World, whatsappConnection } from '../support/world.ts'

const rulesOf = (event: string, more: object = {}) =>
  JSON.stringify({ rules: [{ event, when: { outcome: ['won'] }, value: true }], ...more })

describe('rule sets', () => {
  let world: World
  let sent = 0
  let token = ''

  beforeAll(async () => {
    world = await openWorld()
    await connectTwo(world)
    const { stdout } = await world.pipeline.signals(
      ...['tokens', 'create', '--tenant', 'shop', '--scope', 'ingest', '--json'],
    )
    token = (JSON.parse(stdout) as { token: string }).token
  }, 180_000)
  afterAll(() => world.stop())

  const signals = async (...args: string[]) => {
    const { code, stdout, stderr } = await world.pipeline.signals('rules', ...args)
    return { code, stdout, stderr, json: code === 0 && args.includes('--json') ? JSON.parse(stdout) : null }
  }
  const won = async () => {
    sent++
    const event = {
      ...{ source: 'whatsapp', accountId: whatsappConnection.accountId, channel: 'whatsapp' },
      ...{ conversationId: 'chat-1', messageId: `outcome-${sent}`, kind: 'outcome', direction: 'outbound' },
      ...{ sender: 'agent', occurredAt: Date.now(), outcome: { name: ' WON ', value: '12.50', currency: 'MXN' } },
    }
    const answer = await fetch(`${world.pipeline.ready.gateway}/v1/message-events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(event),
    })
    expect(answer.status).toBe(200)
  }
  const namesAtTikTok = async (count: number) => (await world.arrivedCount(count)).map(({ event }) => event)

  it('are refused as a whole, with line and remedy', async () => {
    const bad = await signals('import', world.file('bad.yaml', 'rules:\n  - event: Order\n    when: { kind: order }\n'))
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringMatching(/line 2: rules\.0\.event .*choose another name/)])
    const none = await signals('list', '--json')
    expect(none.json).toEqual([])
  }, 60_000)

  it('count as a shadow, then fire, and change with each version', async () => {
    const shadow = await signals('import', world.file('one.json', rulesOf('Lead')), '--shadow', '--json')
    expect(shadow.json).toMatchObject({ ruleSetId: 'default', version: 1, shadow: true, notYetInForce: [] })
    await won()
    expect((await signals('promote', 'default', '--json')).json).toMatchObject({ version: 2, copyOf: 1 })
    await won()
    expect(await namesAtTikTok(1)).toEqual(['Lead'])
    await signals('import', world.file('two.json', rulesOf('Sale')))
    await won()
    expect(await namesAtTikTok(2)).toEqual(['Lead', 'Sale'])
    const diff = await signals('diff', 'default', '--json')
    expect(diff.json).toMatchObject({ from: 2, to: 3, added: [{ event: 'Sale' }], removed: [{ event: 'Lead' }] })
    expect((await signals('rollback', 'default', '--to', '2', '--json')).json).toMatchObject({ version: 4, copyOf: 2 })
    await won()
    expect(await namesAtTikTok(3)).toEqual(['Lead', 'Sale', 'Lead'])
    const [first] = await world.arrived()
    expect(first?.properties).toMatchObject({ value: 12.5, currency: 'MXN' })
  }, 120_000)

  it('are explained: which fired for an outcome, by the version of its time, and what TikTok answered', async () => {
    const explained = await world.pipeline.signals(
      ...['explain', '--connection', whatsappConnection.connectionId, '--conversation', 'chat-1', '--json'],
    )
    expect(explained.stderr).toBe('')
    const { messages, received } = JSON.parse(explained.stdout) as {
      received: { outcome: string }[]
      messages: { reason: string | null; rules: object[]; signals: { event: string; result: string }[] }[]
    }
    expect(messages.map(({ reason }) => reason)).toEqual(['no_signal', null, null, null])
    expect(received.map(({ outcome }) => outcome)).toEqual(['let_in', 'let_in', 'let_in', 'let_in'])
    expect(messages[0]?.rules).toEqual([{ event: 'Lead', mode: 'shadow', result: 'send' }])
    expect(messages.flatMap(({ signals }) => signals.map(({ event, result }) => `${event} ${result}`))).toEqual([
      'Lead accepted',
      'Sale accepted',
      'Lead accepted',
    ])
  }, 60_000)

  it('show as a file that an import takes again, and are in the audit trail', async () => {
    const shown = await signals('show', 'default', '--json')
    expect(shown.json).toMatchObject({ version: 4, inForce: true, rules: [{ event: 'Lead', value: true }] })
    const again = await signals('import', world.file('shown.json', shown.stdout), '--rule-set', 'mx', '--json')
    expect(again.json).toMatchObject({ ruleSetId: 'mx', version: 1, rules: 1 })
    const { stdout } = await world.pipeline.signals('audit', 'list', '--action', 'rules', '--json')
    for (const entry of ['rules.import', 'rules.promote', 'rules.rollback', 'default@2', 'mx@1'])
      expect(stdout).toContain(entry)
  }, 60_000)
})
