/**
 * `make capacity`: what 100 to 1,000,000 messages a second need, from figures of this project's benchmarks. With --measure it measures the figures, then predicts two
 * other sizes and runs them, too.
 *
 *   node test/bench/capacity.ts [--figures FILE] [--measure] [--messages 60000] [--set utilisation=0.6,corePrice=30,…]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { connectTwo, openWorld } from '../support/world.ts'
import {
  type CapacityFigures,
  type CapacityParameters,
  capacityOf,
  defaultParameters,
  microsPerMessage,
  type SizedProcess,
  sizedProcesses,
} from './capacity-model.ts'
import { benchPipeline, type PipelineFigures } from './pipeline.ts'
import { usage } from './usage.ts'

const { values } = parseArgs({
  options: {
    figures: { type: 'string', default: join(import.meta.dirname, 'capacity-figures.json') },
    measure: { type: 'boolean', default: false },
    messages: { type: 'string', default: '60000' },
    set: { type: 'string', default: '' },
  },
})
const print = (line: string) => process.stdout.write(`${line}\n`)
const messages = Number(values.messages)

const parametersOf = (text: string): CapacityParameters => {
  const changed = text
    .split(',')
    .filter(Boolean)
    .map((one) => one.split('='))
  for (const [name = '', value] of changed)
    if (!(name in defaultParameters) || !Number.isFinite(Number(value)))
      throw new Error(`--set ${name}: there are ${Object.keys(defaultParameters).join(', ')}, each with a number`)
  return { ...defaultParameters, ...Object.fromEntries(changed.map(([name, value]) => [name, Number(value)])) }
}

const figureOf = ({ processes }: PipelineFigures, name: string) =>
  processes.find((one) => one.name === name) ?? { name, cpu: 0, rss: 0 }

/** CPU of the gateway a delivery, µs, and its memory, by sixteen senders. */
const measureGateway = async (): Promise<{ micros: number; rss: number }> => {
  const world = await openWorld({ LOG_LEVEL: 'warn', GATEWAY_ACCOUNT_RPS: '0' })
  try {
    await connectTwo(world)
    let sent = 0
    const send = async (count: number) => {
      const sender = async () => {
        for (const end = sent + count / 16; sent < end; ) {
          const n = sent++
          await world.deliver(
            whatsappText(`52155${String(n).padStart(8, '0')}`, `wamid.capacity.${n}`, 'hola', Date.now()),
          )
        }
      }
      await Promise.all(Array.from({ length: 16 }, sender))
    }
    await send(16_000)
    const pid = world.pipeline.ready.pids.gateway as number
    const [before, from] = [usage(pid), sent]
    await send(16_000)
    const after = usage(pid)
    return { micros: ((after.cpu - before.cpu) / (sent - from)) * 1e6, rss: after.rss }
  } finally {
    await world.stop()
  }
}

const cpuOf = (run: PipelineFigures) => run.stagesAfterStart + figureOf(run, 'kafka').cpu + figureOf(run, 'redis').cpu

const measure = async () => {
  const run = (partitions: number, members = 1) => benchPipeline({ messages, partitions, members, startsFirst: true })
  const base = await run(6)
  const wide = await run(60)
  const gateway = await measureGateway()
  const stageNames = sizedProcesses.filter((name) => name !== 'gateway')
  // The processes' figures contain their start; what they cost without it is known for all of them together.
  const withStart = stageNames.reduce((sum, name) => sum + figureOf(base, name).cpu, 0)
  const ofStages = Object.fromEntries(
    stageNames.map((name) => [name, (figureOf(base, name).cpu / withStart) * base.stagesAfterStart]),
  ) as Record<Exclude<SizedProcess, 'gateway'>, number>
  const kafka = figureOf(base, 'kafka').cpu
  const figures: CapacityFigures = {
    micros: { gateway: gateway.micros, ...ofStages, kafka, redis: figureOf(base, 'redis').cpu },
    partitionsCost: [
      { partitions: 6, stages: 1, kafka: 1 },
      {
        partitions: 60,
        stages: wide.stagesAfterStart / base.stagesAfterStart,
        kafka: figureOf(wide, 'kafka').cpu / kafka,
      },
    ],
    residentMegabytes: Object.fromEntries([
      ['gateway', gateway.rss],
      ...stageNames.map((name) => [name, figureOf(base, name).rss]),
    ]) as Record<SizedProcess, number>,
  }
  writeFileSync(
    values.figures,
    `${JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value), 2)}\n`,
  )
  print(`figures of ${messages} messages: ${values.figures}\n`)
  print('partitions  processes  predicted µs/message  measured  messages/s')
  for (const [partitions, members] of [
    [24, 1],
    [12, 2],
  ] as const) {
    // Partitions for each process decide how full its batches are.
    const predicted = microsPerMessage(figures, partitions / members)
    const found = await run(partitions, members)
    const measured = cpuOf(found)
    const off = `${(((predicted - measured) / measured) * 100).toFixed(0)} %`
    print(
      [
        partitions,
        members,
        predicted.toFixed(0),
        `${measured.toFixed(0)} (${off})`,
        Math.round(found.messagesPerSecond),
      ]
        .map((cell, at) => String(cell).padStart([10, 11, 22, 15, 12][at] ?? 0))
        .join(''),
    )
    if (found.arrived !== found.expected) process.exitCode = 1
  }
  print('')
}

if (values.measure) await measure()
const figures = JSON.parse(readFileSync(values.figures, 'utf8')) as CapacityFigures
const parameters = parametersOf(values.set)
print(
  'messages/s  gateway  ingest  attribution  keywords  dispatch  partitions  brokers  disk, TB  Redis, GB (nodes)  cores  memory, GB  cost',
)
for (const rate of [100, 1_000, 10_000, 100_000, 1_000_000]) {
  const found = capacityOf(rate, figures, parameters)
  const cells = [
    ...[rate, ...sizedProcesses.map((name) => found.processes[name]), found.partitions, found.brokers],
    ...[
      found.diskTerabytes.toFixed(1),
      `${found.redisGigabytes.toFixed(1)} (${found.redisNodes})`,
      Math.ceil(found.cores),
    ],
    ...[Math.ceil(found.memoryGigabytes), found.cost === null ? '-' : Math.round(found.cost)],
  ]
  print(
    cells.map((cell, at) => String(cell).padStart([10, 9, 8, 13, 10, 10, 12, 9, 10, 19, 7, 12, 6][at] ?? 0)).join(''),
  )
}
