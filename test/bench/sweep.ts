/**
 * `make bench-sweep`: what a message costs with more partitions and with more processes of each stage, under the same load.
 *
 *   node test/bench/sweep.ts [--messages 100000] [--warm-up 100000] [--partitions 6,24,60] [--members 1,2,4] [--compact]
 *
 * With `--compact` a member is one process of all stages. The warm-up is not counted: each further process compiles the same code once more, whatever the load.
 */
import { parseArgs } from 'node:util'
import { benchPipeline, type PipelineLoad } from './pipeline.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    'warm-up': { type: 'string', default: '100000' },
    partitions: { type: 'string', default: '6,24,60' },
    members: { type: 'string', default: '1,2,4' },
    compact: { type: 'boolean', default: false },
  },
})
const numbers = (list: string) =>
  list
    .split(',')
    .filter((text) => text !== '')
    .map(Number)
const print = (line: string) => process.stdout.write(`${line}\n`)
const messages = Number(values.messages)
let base: number | undefined

const show = async (load: Omit<PipelineLoad, 'messages'>) => {
  const { arrived, expected, messagesPerSecond, stagesAfterStart, processes } = await benchPipeline({
    messages,
    startsFirst: true,
    isCompact: values.compact,
    warmUp: Number(values['warm-up']),
    ...load,
  })
  const kafka = processes.find(({ name }) => name === 'kafka')?.cpuAfterStart ?? 0
  base ??= stagesAfterStart
  const cells = [load.partitions, load.members, Math.round(messagesPerSecond), stagesAfterStart.toFixed(1)]
  const more = [kafka.toFixed(1), (stagesAfterStart / base).toFixed(2), `${arrived} of ${expected}`]
  print([...cells, ...more].map((cell) => String(cell).padStart(16)).join(''))
  if (arrived !== expected) process.exitCode = 1
}

const columns = ['partitions', 'members', 'messages/s', 'CPU, us/message', 'broker', 'ratio', 'signals']
print(columns.map((name) => name.padStart(16)).join(''))
const [fewest = 6] = numbers(values.partitions)
for (const partitions of numbers(values.partitions)) await show({ partitions, members: 1 })
for (const members of numbers(values.members).filter((count) => count > 1)) await show({ partitions: fewest, members })
