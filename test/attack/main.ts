/**
 * `make attack`: random deliveries, extractors and lists try to speak for another tenant or to bring a planted word out, for ten minutes and at least 100,000
 * tries. Prints figures; exit code 1 if one succeeds.
 *
 *   node test/attack/main.ts [--minutes 10] [--tries 100000] [--seed N]
 */
import { parseArgs } from 'node:util'
import { openAttack } from '../support/attack.ts'
import { attackByConfiguration } from '../support/attack-configuration.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    tries: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const print = (line: string) => void process.stdout.write(`${line}\n`)
const triesPerWorld = 2_500
const end = Date.now() + Number(values.minutes) * 60_000
const configurationsPerWorld = 500
const configured = { tries: 0, accepted: 0, taken: 0 }
const total = { tries: 0, stored: 0, messages: 0, deadLetters: 0, withdrawals: 0 }
const successes: string[] = []
const started = Date.now()
for (
  let seed = Number(values.seed);
  (Date.now() < end || total.tries < Number(values.tries)) && successes.length === 0;
  seed++
) {
  const { attack } = await openAttack({ seed, ...(seed % 2 === 0 ? {} : { victimsSecret: 'the secret of B' }) })
  const figures = await attack(triesPerWorld)
  for (const name of ['tries', 'stored', 'messages', 'deadLetters', 'withdrawals'] as const)
    total[name] += figures[name]
  const configurations = attackByConfiguration(seed, configurationsPerWorld)
  for (const name of ['tries', 'accepted', 'taken'] as const) configured[name] += configurations[name]
  successes.push(...figures.successes, ...configurations.successes)
}
const { tries, stored, messages, deadLetters, withdrawals } = total
print(
  `${tries} tries in ${Math.round((Date.now() - started) / 1000)} s from seed ${values.seed}: the gateway stored ${stored}, ingest wrote ${messages} messages, ${deadLetters} dead letters and ${withdrawals} withdrawals of the attacker's own`,
)
print(
  `${configured.tries} extractors and lists: ${configured.accepted} accepted, ${configured.taken} took a code or a keyword that they may`,
)
print(`${successes.length} successes`)
for (const success of successes) print(success)
process.exit(successes.length === 0 ? 0 : 1)
