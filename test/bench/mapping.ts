/** Mapping on one core: WhatsApp deliveries with one message, JSON parse included, and the cost of hostile bodies of 1 MB. */
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { DeliveryUnreadable, loadSources, type Source } from '../../services/shared/sources/index.ts'

/** Messages per CPU second; a slower interpreter fails the run. */
const minRate = 40_000
const rounds = 5
const perRound = 40_000

const print = (line: string) => process.stdout.write(`${line}\n`)
const sources = loadSources()
const now = Date.now()

const deliveryOf = (source: string, body: string) => ({
  source,
  account: 'account',
  headers: {},
  contentType: 'application/json',
  body: Buffer.from(body),
  receivedAt: now,
})

/** Messages per CPU second, the best round: independent of other load on the machine. */
const rateOf = (source: Source, body: string): number => {
  const delivery = deliveryOf(source.name, body)
  let best = 0
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let n = 0; n < perRound; n++) source.map(delivery)
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, perRound / ((user + system) / 1e6))
  }
  return best
}

const whatsapp = sources.get('whatsapp') as Source
const rate = rateOf(whatsapp, whatsappText('5215550001111', 'wamid.bench', 'hola, ya hice el pago de ayer', now).body)
print(
  `mapping, one message a delivery, parse included: ${Math.round(rate).toLocaleString('en')} messages/s on one core`,
)
if (rate < minRate) {
  print(`  less than ${minRate}`)
  process.exitCode = 1
}

const megabyte = 1_000_000
const filled = (part: string) => part.repeat(Math.floor(megabyte / part.length))
const hostile: Record<string, string> = {
  'unclosed brackets': filled('['),
  'deep nesting': `${filled('[[')}${filled(']]')}`.slice(megabyte / 2, (megabyte * 3) / 2),
  'many long numbers': `{"entry":[${filled('1234567890123456789,')}1]}`,
  'a text of tags': JSON.stringify({
    batches: [{ threads: [{ items: [{ type: 'chat', body: { text: filled('<br ') } }] }] }],
  }),
  'empty items': JSON.stringify({
    entry: [{ changes: [{ field: 'messages', value: { messages: JSON.parse(`[${filled('{},')}{}]`) } }] }],
  }),
}
print('\nhostile bodies of 1 MB: the slowest mapping, ms')
for (const [what, body] of Object.entries(hostile)) {
  const took = sources.names().map((name) => {
    const started = performance.now()
    try {
      sources.get(name)?.map(deliveryOf(name, body))
    } catch (error) {
      if (!(error instanceof DeliveryUnreadable)) throw error
    }
    return performance.now() - started
  })
  print(
    `  ${what.padEnd(28)}${Math.max(...took)
      .toFixed(0)
      .padStart(6)}`,
  )
}
