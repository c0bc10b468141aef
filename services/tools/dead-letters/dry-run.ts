/** What a redrive would do: which records go back, and what would become of them on the present mappings. It sends nothing. */
import type { Clock } from '../../runtime/ports.ts'
import type { FoundDeadLetter } from './found.ts'
import { needsAllDeadLetters, planRedrive, type Redriven, type RedriveOptions, type RedrivePlan } from './plan.ts'
import { probe } from './probe.ts'
import { noConditions } from './select.ts'
import { type DeadLetterTools, findDeadLetters, openDeadLetters, readRedriven } from './store.ts'

export interface DryRun {
  readonly selected: number
  readonly records: number
  readonly skipped: RedrivePlan['skipped']
  /** Records by what a trial says of them: `passes`, `unknown`, `key_erased`, or the code of the next failure. */
  readonly tried: Readonly<Record<string, number>>
}

/** Dead letters whose originals are in memory at a time. */
const chunk = 1_000
/** Trials that do not say that the record fails again. */
const hopeful: ReadonlySet<string> = new Set(['passes', 'unknown', 'key_erased'])

/** By dead letter, what a trial says of its record. */
const tryAll = async (send: readonly Redriven[], tools: DeadLetterTools): Promise<ReadonlyMap<string, string>> => {
  const results = new Map<string, string>()
  for (let from = 0; from < send.length; from += chunk) {
    const found = send.slice(from, from + chunk).map((one) => one.found)
    const originals = await openDeadLetters(tools, found)
    await tools.codec.prepare([...originals.values()])
    for (const { id } of found) {
      const record = originals.get(id)
      results.set(id, record === undefined ? 'key_erased' : probe(record, tools))
    }
  }
  return results
}

/** Without `force`, records that would fail again are left out: they would only become dead letters again. @throws DependencyError, SealBroken */
export const dryRunOf = async (
  selected: readonly FoundDeadLetter[],
  options: RedriveOptions,
  tools: DeadLetterTools & { readonly clock: Pick<Clock, 'now'> },
): Promise<{ readonly send: readonly Redriven[]; readonly dryRun: DryRun }> => {
  const all = needsAllDeadLetters(selected, options) ? await findDeadLetters(tools, noConditions) : selected
  const plan = planRedrive(selected, await readRedriven(tools), tools.clock.now(), options, all)
  const results = await tryAll(plan.send, tools)
  const tried: Record<string, number> = {}
  for (const result of results.values()) tried[result] = (tried[result] ?? 0) + 1
  const send = options.force ? plan.send : plan.send.filter(({ found }) => hopeful.has(results.get(found.id) as string))
  const skipped = { ...plan.skipped, would_fail: plan.send.length - send.length }
  return { send, dryRun: { selected: selected.length, records: send.length, skipped, tried } }
}
