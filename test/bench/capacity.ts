/**
 * `make bench-capacity`: measures what a message costs in three sizes of the pipeline, checks the predictions of the model
 * (capacity/model.ts) at two further ones, and prints what 100 to 1,000,000 messages a second need.
 *
 *   node test/bench/capacity.ts [--messages 60000] [--figures FILE] [--rates 100,1000,10000,100000,1000000]
 *
 * --figures reads the figures of an earlier run from a file, or, where it does not exist, writes those of this run to it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { topics } from '../../services/topology.ts'
import { assumptions, type Figures, fit, measuredCpu, needOf, predictCpu, type Run, stages } from './capacity/model.ts'
import { benchPipeline } from './pipeline.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '60000' },
    figures: { type: 'string' },
    rates: { type: 'string', default: '100,1000,10000,100000,1000000' },
  },
})
const messages = Number(values.messages)
const print = (line: string) => process.stdout.write(`${line}\n`)
const row = (cells: readonly (string | number)[]) =>
  print(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(12))).join(''))

/** Largest difference between prediction and measurement that the model is good for. */
const tolerance = 0.15

const measure = async (size: Pick<Run, 'messages' | 'partitions' | 'processes'>) => {
  const { partitions, processes: members } = size
  const figures = await benchPipeline({ messages: size.messages, partitions, members, startsFirst: true })
  if (figures.arrived !== figures.expected)
    throw new Error(`${figures.arrived} of ${figures.expected} signals arrived: the figures of this run say nothing`)
  const of = (name: string) => figures.processes.find((process) => process.name === name)?.cpuAfterStart ?? 0
  const cpu = Object.fromEntries(stages.map((stage) => [stage, of(stage)])) as Run['cpu']
  const run: Run = { ...size, cpu, broker: of('kafka'), redis: of('redis') }
  return { run, bytes: figures.bytes, messagesPerSecond: figures.messagesPerSecond }
}

const gatewayCpu = () => {
  const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'gateway.ts')]
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const micros = Number(/gateway (\d+),/.exec(stdout)?.[1])
  if (!(micros > 0)) throw new Error(`gateway.ts printed no CPU of the gateway:\n${stdout}`)
  return micros
}

const measureAll = async (): Promise<Figures> => {
  const gateway = gatewayCpu()
  const small = await measure({ messages, partitions: 6, processes: 1 })
  const large = await measure({ messages: 3 * messages, partitions: 6, processes: 1 })
  const many = await measure({ messages: 2 * messages, partitions: 60, processes: 1 })
  const figures: Figures = { ...fit(small.run, large.run, many.run), gateway, bytes: large.bytes }
  row(['partitions', 'processes', 'messages', 'predicted', 'measured', 'off', 'messages/s'])
  for (const size of [
    { messages: 2 * messages, partitions: 24, processes: 1 },
    { messages: 2 * messages, partitions: 12, processes: 2 },
  ]) {
    const { run, messagesPerSecond } = await measure(size)
    const predicted = predictCpu(figures, size)
    const off = predicted / measuredCpu(run) - 1
    const cells = [size.partitions, size.processes, size.messages, predicted.toFixed(0), measuredCpu(run).toFixed(0)]
    row([...cells, `${(off * 100).toFixed(0)} %`, messagesPerSecond.toFixed(0)])
    if (Math.abs(off) > tolerance) process.exitCode = 1
  }
  return figures
}

const file = values.figures
const figures =
  file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : await measureAll()
if (file !== undefined && !existsSync(file)) writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`)

print(`\nmeasured, µs of CPU a message (gateway: a delivery); bytes a message`)
row(['', 'gateway', ...stages, 'broker', 'redis'])
row([
  '',
  figures.gateway,
  ...[...stages.map((stage) => figures.cpu[stage]), figures.broker, figures.redis].map((micros) => micros.toFixed(1)),
])
print(
  `a partition above six: ${figures.perPartition.stages.toFixed(2)} in the stages, ${figures.perPartition.broker.toFixed(2)} in the broker; until compiled: ${figures.compileSeconds.toFixed(1)} s`,
)
for (const [topic, bytes] of Object.entries(figures.bytes).sort())
  if (bytes >= 1) row([topic.padEnd(30), bytes.toFixed(0)])

const retentionMs = Object.fromEntries(
  Object.values(topics).map(({ name, retentionMs }) => [name, Math.max(0, retentionMs)]),
)
print(
  '\n| messages/s | gateway, ingest, attribution, keywords, dispatch | partitions | brokers | disk, TB | Redis, GB (nodes) | CPUs | memory, GB | USD a month |',
)
print('| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const rate of values.rates.split(',').map(Number)) {
  const { processes, ...need } = needOf(rate, figures, retentionMs, assumptions)
  const round = (n: number) => Number(n.toPrecision(2)).toLocaleString('en')
  const cells = [rate.toLocaleString('en'), [processes.gateway, ...stages.map((stage) => processes[stage])].join(', ')]
  const more = [need.partitions, need.brokers, round(need.diskTb), `${round(need.redisGb)} (${need.redisNodes})`]
  print(`| ${[...cells, ...more, round(need.cpus), round(need.memoryGb), round(need.usdAMonth)].join(' | ')} |`)
}
