import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endpoints } from '../../services/control/admin/handlers.ts'
import { whatsapp, whatsappAccount, whatsappText } from '../../services/local/demo/webhooks.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

/** Words, numbers and names that are sent and must appear nowhere behind ingest, plain or in the encodings of ids. */
const words = ['palabrasecreta', 'zoraida', 'Calle Escondida 44', 'otrapalabra']
/** Names of outcomes as people typed them, and references. A rule set holds `etiqueta oculta`, as its author wrote it. */
const outcomes = ['EtIqUeTa  OcUlTa', 'etiquetasecreta', 'expediente-98765', '98765.43']
const numbers = ['5215559998877', '5215551112233']
const messageId = `wamid.${Buffer.from('5215559998877 zoraida').toString('base64')}`
const secrets = ['token-wa', 'token-tt']

const encodings = (text: string) => [
  text,
  Buffer.from(text).toString('base64').replace(/=+$/, ''),
  Buffer.from(text).toString('hex'),
]
const needles = [...words, ...outcomes, ...numbers, messageId, ...secrets].flatMap(encodings)

/** What leaks, and where. @param outputs with what each is of */
const leaksIn = (outputs: readonly (readonly [of: string, output: string])[]): string[] =>
  outputs.flatMap(([of, output]) =>
    needles.filter((needle) => output.includes(needle)).map((needle) => `${of} holds ${needle}`),
  )

/** Every address of the console that is read; those with an id, with one that is there. */
const idsRead: Readonly<Record<string, string>> = {
  ...{ connections: 'shop-wa', runbooks: 'SignalsLate', topics: 'messages.v1' },
  ...{ 'keyword-lists': 'default', 'rule-sets': 'default' },
}
const pathsRead = Object.entries(endpoints)
  .filter(([path, methods]) => methods.GET && path !== 'report' && path !== 'authorisations/ID')
  .map(([path]) => path.replace('/ID', () => `/${idsRead[path.split('/')[0] as string]}`))

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe('the content of messages', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({ LOG_LEVEL: 'trace' })
    await connectTwo(world)
    const rulesFile = join(world.dataDir, 'rules.yaml')
    writeFileSync(
      rulesFile,
      'rules:\n  - { event: Hot, when: { outcome: [etiqueta oculta] }, unless: { flags: [x] }, count: once_per_conversation }\n',
    )
    expect((await world.pipeline.signals('rules', 'import', rulesFile)).code).toBe(0)
    const [one, other] = numbers as [string, string]
    const now = Date.now()
    const event = {
      source: 'whatsapp',
      accountId: whatsappAccount,
      channel: 'whatsapp',
      conversationId: `x:${other}`,
      messageId: `id-${other}`,
      kind: 'message',
      direction: 'inbound',
      sender: 'user',
      occurredAt: now,
      text: 'otrapalabra pago',
      textOrigin: 'typed',
      aliases: [`alias-${other}`],
    }
    await world.deliver(
      whatsappText(
        one,
        messageId,
        'palabrasecreta pago, soy zoraida, vivo en Calle Escondida 44, https://x.example/zoraida?ttclid=TRACKINGIDPROOF',
        now,
      ),
      whatsappText(one, messageId, 'palabrasecreta pago', now),
      whatsappText(one, 'wamid.unknown', 'zoraida palabrasecreta', now, '999'),
      whatsapp({
        from: one,
        id: 'wamid.contact',
        timestamp: String(Math.floor(now / 1000)),
        type: 'contacts',
        contacts: [{ name: { formatted_name: 'zoraida' } }],
      }),
    )
    // Bad input reaches other code: errors, dead letters, logs.
    const { gateway } = world.pipeline.ready
    const secretsFile = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8')) as {
      INGEST_TOKEN: string
    }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${secretsFile.INGEST_TOKEN}` }
    const postEvents = (body: string) => fetch(`${gateway}/v1/message-events`, { method: 'POST', headers, body })
    expect((await postEvents(JSON.stringify(event))).status).toBe(200)
    const [matched, unmatched, reference, value] = outcomes as [string, string, string, string]
    const report = { ...event, kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null }
    const reports = [
      { ...report, messageId: 'o1', outcome: { name: matched, reference } },
      { ...report, messageId: 'o2', outcome: { name: unmatched, value, currency: 'IDR', reference } },
    ]
    expect((await postEvents(JSON.stringify(reports))).status).toBe(200)
    const wrong = { ...report, outcome: { name: unmatched.repeat(9), value: `${value}x`, currency: reference } }
    const refusedReport = await postEvents(JSON.stringify(wrong))
    expect(refusedReport.status).toBe(422)
    for (const secret of outcomes) expect(await refusedReport.clone().text()).not.toContain(secret)
    const refused = await postEvents(JSON.stringify([{ ...event, channel: 'zoraida', palabrasecreta: 1 }]))
    expect(refused.status).toBe(422)
    expect(await refused.text()).not.toMatch(/zoraida|palabrasecreta/)
    expect(await (await postEvents('{"text": "palabrasecreta')).text()).not.toMatch(/palabrasecreta/)
    const broken = whatsapp({ text: { body: 'palabrasecreta' }, type: 'text' })
    await world.deliver(broken)
    await world.arrivedCount(5)
    expect((await world.arrived()).map(({ event }) => event)).toContain('Hot')
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  /** For each needle the files that contain it, relative to the data folder. */
  const filesWith = (...wanted: readonly string[]) => {
    const found = new Map(wanted.map((needle) => [needle, [] as string[]]))
    const files = filesBelow(world.dataDir).filter((file) => !/shop-\w+\.json$|keywords\.csv$/.test(file))
    for (const file of files) {
      const content = readFileSync(file)
      for (const [needle, holders] of found)
        if (content.includes(needle)) holders.push(file.slice(world.dataDir.length + 1))
    }
    return found
  }

  it('would be found by this test: a tracking ID is', () => {
    const files = filesWith('TRACKINGIDPROOF').get('TRACKINGIDPROOF') ?? []
    expect(files.some((file) => file.startsWith('kafka/signals.v1'))).toBe(true)
    expect(files.some((file) => file.startsWith('redis/'))).toBe(true)
  })

  it('is in no explanation and in no report, unless an explanation is asked to show texts', async () => {
    const { console: console_ } = world.pipeline.ready
    const { ADMIN_TOKEN } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8')) as {
      ADMIN_TOKEN: string
    }
    const today = new Date().toISOString().slice(0, 10)
    const days = ['--from', today, '--to', today]
    const printed = async (...args: string[]) => {
      const { code, stdout, stderr } = await world.pipeline.signals(...args)
      expect([code, stderr]).toEqual([0, ''])
      return stdout
    }
    const answered = async (path: string, init: RequestInit = {}) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      const answer = await fetch(`${console_}/admin/v1/${path}`, { ...init, headers })
      return `${answer.status} ${await answer.text()}`
    }
    const ask = (body: object) => answered('explain', { method: 'POST', body: JSON.stringify(body) })
    const [one, other] = numbers as [string, string]
    const ofOne = ['explain', '--connection', 'shop-wa', '--conversation', `${whatsappAccount}:${one}`]
    const asked = { connectionId: 'shop-wa', conversationId: `x:${other}` }
    // Each says something.
    const outputs: [of: string, output: string, says: RegExp][] = [
      [
        'signals explain',
        await printed(...ofOne),
        /signal conversation: accepted[\s\S]*dropped: a copy of it came first/,
      ],
      ['signals explain --json', await printed(...ofOne, '--json'), /"kind":"conversation"/],
      ['signals report', await printed('report', '--all', ...days, '--csv'), /Hot 1/],
      ['explain by conversation', await ask(asked), /^200 .*"event":"Hot"/],
      ['explain by both', await ask({ ...asked, messageId }), /^400 /],
      ['explain by message', await ask({ connectionId: 'shop-wa', messageId }), /^200 .*"kind":"conversation"/],
      ['report', await answered(`report?from=${today}&to=${today}`), /^200 .*"Hot"/],
    ]
    for (const [, output, says] of outputs) expect(output).toMatch(says)
    expect(leaksIn(outputs.map(([of, output]) => [of, output] as const))).toEqual([])
    expect(await printed(...ofOne, '--show-text')).toContain('palabrasecreta')
    expect(await ask({ ...asked, showText: true })).toContain('etiquetasecreta')
    const history = await answered('connections/shop-wa/history')
    expect(history.match(/text_shown/g)).toHaveLength(2)
  }, 120_000)

  it('is not in what commands print, nor in what the console reads', async () => {
    const { console: console_ } = world.pipeline.ready
    const { ADMIN_TOKEN } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8')) as {
      ADMIN_TOKEN: string
    }
    const [, unmatched] = outcomes as [string, string]
    const event = { source: 'whatsapp', accountId: whatsappAccount, channel: 'whatsapp', occurredAt: Date.now() }
    const report = { ...event, kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null }
    const ids = { conversationId: `x:${numbers[1]}`, messageId: `id-${numbers[1]}` }
    const events = [
      { ...event, ...ids, kind: 'message', direction: 'inbound', sender: 'user', text: words[3], textOrigin: 'typed' },
      { ...report, ...ids, messageId: 'o1', outcome: { name: unmatched, reference: outcomes[2] } },
      { ...report, ...ids, messageId: 'o2', outcome: { name: unmatched.repeat(9), value: words[0] } },
    ]
    const lines = events.map((one) => JSON.stringify(one))
    const eventsFile = world.file('events.ndjson', lines.slice(0, 2).join('\n'))
    const wrongFile = world.file('wrong.ndjson', lines.join('\n'))
    const rulesFile = join(world.dataDir, 'rules.yaml')
    const commands = [
      ['rules', 'list'],
      ['rules', 'show', 'default'],
      ['rules', 'import', rulesFile],
      ['rules', 'diff', 'default'],
      ['rules', 'test', '--file', rulesFile, '--events', eventsFile],
      ['rules', 'test', '--file', rulesFile, '--events', wrongFile],
      ['connections', 'list', '--json'],
      ['connections', 'show', 'shop-wa'],
      ['connections', 'activity', 'shop-wa'],
      ['connections', 'history'],
      ['doctor'],
      ['audit', 'list'],
      ['dead-letters', 'list'],
      ['quarantine', 'list'],
      ['status', '--json'],
    ]
    const printed: [of: string, output: string][] = []
    for (const command of commands) {
      const { code, stdout, stderr } = await world.pipeline.signals(...command)
      // Of an error that is meant, or of a warning.
      const isOther = command.includes(wrongFile) || command[0] === 'doctor'
      expect([command, isOther ? 0 : code]).toEqual([command, 0])
      printed.push([`signals ${command.join(' ')}`, `${stdout}${stderr}`])
    }
    for (const file of [eventsFile, wrongFile]) rmSync(file)
    const saying = (of: string) => printed.find(([name]) => name.startsWith(`signals ${of}`))?.[1]
    expect(saying('rules list')).toContain('default')
    expect(saying(`rules test --file ${rulesFile} --events ${eventsFile}`)).toContain('Hot')
    expect(saying(`rules test --file ${rulesFile} --events ${wrongFile}`)).toContain('line 3')
    expect(saying('connections show')).toContain('shop-wa')
    expect(saying('connections activity')).toMatch(/last signal +(?!none)/)
    const answered = async (path: string, init: RequestInit = {}) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
      const answer = await fetch(`${console_}/admin/v1/${path}`, { ...init, headers })
      printed.push([path, await answer.text()])
      return answer.status
    }
    for (const path of pathsRead) expect([path, await answered(path)]).toEqual([path, 200])
    const given = (file: string) => ({
      method: 'POST',
      body: JSON.stringify({ file: Buffer.from(file).toString('base64') }),
    })
    expect(await answered('rule-sets/default/evaluate', given(lines.slice(0, 2).join('\n')))).toBe(200)
    expect(await answered('rule-sets/default/evaluate', given(lines.join('\n')))).toBe(422)
    expect(await answered('keyword-lists/default/evaluate', given(JSON.stringify(words.join(' '))))).toBe(200)
    expect(leaksIn(printed)).toEqual([])
  }, 120_000)

  it('is in no topic, not in Redis and in no log', () => {
    const found = [...filesWith(...needles)].filter(([, files]) => files.length > 0)
    expect(found).toEqual([])
  })

  it('is in no metric', async () => {
    const pages = await Promise.all(
      Object.values(world.pipeline.ready.metrics).map(async (url) => (await fetch(url)).text()),
    )
    expect(pages.join('\n')).toContain('signals_rules_total')
    for (const needle of needles) expect(pages.join('\n')).not.toContain(needle)
  })

  it('is given to a person who asks, and after forgetting nothing new is taken', async () => {
    const ids = [
      ...['--source', 'whatsapp', '--account', whatsappAccount],
      ...['--conversation', `${whatsappAccount}:${numbers[0]}`],
    ]
    const asked = async () => {
      const { code, stdout, stderr } = await world.pipeline.signals('person', 'export', ...ids)
      if (code !== 0) throw new Error(stderr)
      return JSON.parse(stdout) as { pseudonyms: string[]; touches: object[]; state: object[]; messages: object[] }
    }
    const before = await asked()
    expect([before.touches, before.state].map((list) => list.length)).toEqual([1, 1])
    expect(JSON.stringify(before.messages)).toContain('palabrasecreta')
    const forgotten = await world.pipeline.signals('forget', ...ids, '--json')
    expect(forgotten.code).toBe(0)
    const [pseudonym] = before.pseudonyms as [string]
    expect(forgotten.stdout).not.toContain(pseudonym)
    expect(JSON.parse(forgotten.stdout)).toMatchObject({ connectionId: 'shop-wa', erased: 1 })
    const arrived = (await world.arrived()).length
    await world.deliver(whatsappText(numbers[0] as string, 'wamid.after', 'pago', Date.now()))
    await world.deliver(whatsappText('5215550000001', 'wamid.other', 'hola', Date.now()))
    await world.arrivedCount(arrived + 1)
    const after = await asked()
    expect([after.touches, after.state]).toEqual([[], []])
    expect(after.messages).toHaveLength(before.messages.length)
    // What Kafka keeps until retention and compaction is what the receipt lists; Redis has the recent messages' notes alone.
    const { remains } = JSON.parse(forgotten.stdout) as { remains: { where: string }[] }
    const holders = new Set((filesWith(pseudonym).get(pseudonym) ?? []).map((file) => file.split('/')[1] as string))
    const listed = remains.map(({ where }) => where).join()
    for (const holder of holders) expect(listed).toContain(holder.replace(/-\d+$/, ''))
  }, 120_000)

  it('is not in the events that TikTok received', async () => {
    const received = JSON.stringify(await world.arrived())
    for (const needle of needles) expect(received).not.toContain(needle)
  })
})
