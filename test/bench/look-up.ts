/**
 * `make bench-look-up`: look-ups at a gateway that takes messages at the same time, with the whole pipeline behind it. Open loop: latency
 * counts from the time at which a look-up was due. Fails above the p99 of the contract.
 */
import { parseArgs } from 'node:util'
import { whatsappAccount, whatsappText } from '../../services/local/demo/webhooks.ts'
import { eventually } from '../support/eventually.ts'
import { atRate, HttpLoad } from '../support/http-load.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    messages: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '30' },
  },
})
const [rate, messageRate, seconds] = [values.rate, values.messages, values.seconds].map(Number) as [
  number,
  number,
  number,
]
/** ms, contracts section 12. */
const maxP99 = 20
/** Until then the processes still compile their code, which takes the cores that look-ups need. */
const warmUpMs = 30_000
const conversations = 1_000
const token = 'the ingest token of this bench'

const print = (line: string) => process.stdout.write(`${line}\n`)
const person = (n: number) => `52155${String(n).padStart(8, '0')}`

const world = await openWorld({ LOG_LEVEL: 'warn', INGEST_TOKEN: token, GATEWAY_LOOK_UP_RPS: '0' })
const { gateway } = world.pipeline.ready
const sockets = { maxSockets: 64, timeoutMs: 10_000 }
const [asking, writing] = [new HttpLoad(gateway, sockets), new HttpLoad(gateway, sockets)]
try {
  await connectTwo(world)
  const lookUp = (n: number) =>
    asking.post({
      path: '/v1/attribution/look-up',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        ...{ source: 'whatsapp', accountId: whatsappAccount },
        conversationId: `${whatsappAccount}:${person(n % conversations)}`,
      }),
    })
  for (let n = 0; n < conversations; n++)
    void writing.post(whatsappText(person(n), `wamid.first.${n}`, 'hola', Date.now()))
  await eventually(
    'attribution has the last conversation',
    async () => (await lookUp(conversations - 1)).status === 200,
  )

  const took: number[] = []
  const statuses = new Map<number, number>()
  const stored = new Map<number, number>()
  const note = (map: Map<number, number>, status: number) => map.set(status, (map.get(status) ?? 0) + 1)
  const started = performance.now()
  const isOver = () => performance.now() > started + warmUpMs + seconds * 1_000
  let written = 0
  let asked = 0
  await Promise.all([
    atRate(messageRate, isOver, () => {
      const n = written++
      void writing
        .post(
          whatsappText(
            person(n % conversations),
            `wamid.${n}`,
            n % 10 === 0 ? 'hola, ya hice el pago' : 'hola',
            Date.now(),
          ),
        )
        .then(({ status }) => note(stored, status))
    }),
    atRate(rate, isOver, () => {
      const isWarm = performance.now() > started + warmUpMs
      void lookUp(asked++).then(({ status, ms }) => {
        if (!isWarm) return
        took.push(ms)
        note(statuses, status)
      })
    }),
  ])
  await eventually('every answer', async () => asking.open + writing.open === 0)
  took.sort((a, b) => a - b)
  const quantile = (q: number) => took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0
  const shown = (map: Map<number, number>) => [...map].map(([status, count]) => `${count} × ${status}`).join(', ')
  print(
    `look-ups at ${rate}/s beside ${messageRate} messages/s for ${seconds} s: median ${quantile(0.5).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms, largest ${quantile(1).toFixed(1)} ms`,
  )
  print(`  answers: ${shown(statuses)}; deliveries: ${shown(stored)}`)
  if (statuses.size !== 1 || !statuses.has(200) || stored.size !== 1 || !stored.has(200)) {
    print('  not everything was answered with 200')
    process.exitCode = 1
  }
  if (quantile(0.99) > maxP99) {
    print(`  p99 is above ${maxP99} ms`)
    process.exitCode = 1
  }
} finally {
  asking.close()
  writing.close()
  await world.stop()
}
