/**
 * `make chaos`: people write while processes are killed and frozen, Redis, Kafka, TikTok and the disk fail, and half of the processes
 * have wrong clocks. In the end an oracle compares every event at TikTok with what was written.
 *
 *   node test/chaos/main.ts [--run short|full] [--signals N] [--rate N] [--seed N] [--skew 3600] [--only 'kill a broker,wipe Redis']
 *   signals a second; by how much the clocks of the second processes are wrong, s
 */
import { randomInt } from 'node:crypto'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Checks, print, quantile, sleep } from '../scenarios/scenario.ts'
import { faultsNamed, runs, shuffled } from './faults.ts'
import { Load } from './load.ts'
import { Oracle } from './oracle.ts'
import { type ChaosPerson, chaosPerson } from './people.ts'
import { Rig } from './rig.ts'
import { faketime } from './second.ts'

const { values } = parseArgs({
  options: {
    run: { type: 'string', default: 'short' },
    signals: { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string' },
    skew: { type: 'string', default: '3600' },
    /** Names of faults, comma separated: no others, each once. */
    only: { type: 'string' },
    /** `signals up --compact`: each kill of a stage ends all; the second processes stay apart. */
    compact: { type: 'boolean', default: false },
  },
})
if (values.run !== 'short' && values.run !== 'full') throw new Error('--run: must be short or full')
const byDefault = { short: { signals: 10_000, rate: 60 }, full: { signals: 100_000, rate: 200 } }[values.run]
const signals = Number(values.signals ?? byDefault.signals)
const rate = Number(values.rate ?? byDefault.rate)
const seed = Number(values.seed ?? randomInt(2 ** 31))
const waitSeconds = 60
/** A referral that is accepted later than this after the first try of its message may pass ingest after the wait. */
const surelyInTimeMs = 35_000
/** Signals that TikTok has refused come back after waits of up to minutes. */
const drainMs = 420_000
/** Their waits are shortened, so that a run is; a call must end within the shortest. */
const dispatchSettings = { DISPATCH_WAIT_SCALE: '0.15', DISPATCH_TIMEOUT_MS: '1300' }

const oracle = new Oracle()
const people: ChaosPerson[] = []
/** Seconds of the messages lie in the past; two for each person. */
const begin = Math.floor(Date.now() / 1_000) - signals * 2 - 3_600
while (oracle.expected < signals) {
  const person = chaosPerson(people.length, begin)
  people.push(person)
  for (const one of person.expected) oracle.expect(one)
}

const only = values.only?.split(',')
const chosen = only === undefined ? runs[values.run] : faultsNamed(only)
const faults = shuffled(chosen, seed)
const checks = new Checks()
const started = Date.now()
const at = () => `${((Date.now() - started) / 1_000).toFixed(0).padStart(5)} s`
print(`seed ${seed}, ${oracle.expected} signals by ${people.length} people, ${faults.length} faults`)
print(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}`)
print(
  faketime === null
    ? 'libfaketime is not installed: all clocks are right'
    : `clocks of the second processes: ${values.skew} s off`,
)
const rig = await Rig.open({
  // Three copies of every record, and what the parts need in any case.
  disk: 400 + Math.ceil(signals * 0.03),
  wrongBySeconds: Number(values.skew),
  settings: { ATTRIBUTION_WAIT: `${waitSeconds}s`, ...dispatchSettings },
  isCompact: values.compact,
})
let left: readonly string[] = []
try {
  print(`${at()}  ready`)
  let seq = 0
  const look = () => {
    for (;;) {
      const events = rig.simulator.state.store.events(seq, 20_000)
      for (const { eventSourceId, event } of events) oracle.receive({ eventSetId: eventSourceId, event })
      seq = events.at(-1)?.seq ?? seq
      if (events.length < 20_000) return
    }
  }
  const looking = setInterval(look, 500)
  const load = new Load(
    () => rig.gateway,
    ({ expected }, ms) => {
      if (ms > surelyInTimeMs) oracle.late(expected)
    },
  )
  const loaded = load.run(people, (rate * people.length) / oracle.expected)
  let isLoading = true
  void loaded.then(() => {
    isLoading = false
  })
  const done = new Map<string, number>()
  for (const [n, fault] of faults.entries()) {
    // The faults are spread over the load.
    const due = ((n + 0.5) / faults.length) * people.length
    while (isLoading && load.people < due) await sleep(200)
    print(`${at()}  ${fault.name} (${load.people} people, ${oracle.found} signals at TikTok)`)
    await fault.run(rig).catch((error: Error) => {
      checks.check(fault.name, false, error.message)
    })
    done.set(fault.name, (done.get(fault.name) ?? 0) + 1)
  }
  rig.resumeBrokers()
  const faultsEnded = Date.now()
  await loaded
  print(`${at()}  all is accepted`)
  const loadEnded = Date.now()
  const behindBefore = oracle.expected - oracle.found
  for (const end = Date.now() + drainMs; oracle.found < oracle.expected && Date.now() < end; ) await sleep(500)
  const drainedMs = Date.now() - Math.max(loadEnded, faultsEnded)
  // What comes twice comes soon.
  await sleep(5_000)
  look()
  clearInterval(looking)
  const dead = await rig.signals('dead-letters', 'list', '--json')
  const deadLetters = (JSON.parse(dead.stdout || '[]') as readonly unknown[]).length
  const doctor = await rig.signals('doctor')

  const verdict = oracle.verdict()
  const count = (wanted: (name: string) => boolean) =>
    faults.reduce((sum, { name, kills }) => sum + (wanted(name) ? kills : 0), 0)
  print('')
  for (const [name, times] of [...done].sort()) print(`${String(times).padStart(4)} × ${name}`)
  print('')
  print(`killed (-9)            ${count(() => true)}`)
  print(`deliveries             ${load.deliveries}, ${load.copies} of them twice`)
  print(
    `answers                ${[...load.answers].map(([status, times]) => `${status || 'none'}: ${times}`).join(', ')}`,
  )
  const accepted = load.acceptedAfter
  print(
    `until accepted         median ${quantile(accepted, 0.5).toFixed(0)} ms, p99 ${quantile(accepted, 0.99).toFixed(0)} ms, longest ${accepted.reduce((most, ms) => Math.max(most, ms), 0).toFixed(0)} ms`,
  )
  print(`signals expected       ${verdict.expected}`)
  print(`right                  ${verdict.right}`)
  print(
    `without a referral     ${verdict.tooLate}, since an outage delayed it beyond ${surelyInTimeMs / 1_000} s of a wait of ${waitSeconds} s`,
  )
  print(`sent again, same id    ${verdict.again} (TikTok counts them once)`)
  print(`behind after the load  ${behindBefore} signals, all there ${(drainedMs / 1_000).toFixed(1)} s later`)
  print(`disk in use            ${rig.disk.used} MiB`)
  print(`took                   ${((Date.now() - started) / 60_000).toFixed(1)} min`)
  print('')
  for (const example of verdict.examples) print(example)
  checks.check('nothing is lost', verdict.missing === 0, `${verdict.missing} missing`)
  checks.check('nothing counts twice', verdict.doubled === 0, `${verdict.doubled} doubled`)
  checks.check('every event has its content', verdict.different === 0, `${verdict.different} different`)
  checks.check('nothing else is reported', verdict.unexpected === 0, `${verdict.unexpected} unexpected`)
  checks.check('nothing is dead-lettered', deadLetters === 0, `${deadLetters} dead letters`)
  const bad = doctor.stdout.split('\n').filter((line) => line.includes('BAD'))
  checks.check('doctor finds nothing wrong', doctor.code === 0, bad.join('; '))
} catch (error) {
  checks.check('the run ends', false, (error as Error).stack)
  print(rig.log().split('\n').slice(-40).join('\n'))
} finally {
  left = await rig.stop()
}
checks.check('no process is left behind', left.length === 0, left.join('; '))
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost, nothing counted twice, nothing credited wrongly')
process.exit(checks.failed > 0 ? 1 : 0)
