/** Follows the sources in a running service, and reports changes to its log, health and metrics. */
import type { Timers } from '../../runtime/ports.ts'
import { type CustomMappings, followSources, type MappingsChange, type OwnMappings, type Waits } from './index.ts'

/** The tools of a service that sources need. */
export interface ServiceTools {
  readonly clock: { now(): number } & Pick<Timers, 'every'>
  readonly health: { detail(name: string, read: () => unknown): void }
  readonly metrics: { set(name: 'signals_mappings', labels: { readonly state: string }, value: number): void }
  readonly log: { info(facts: object, message: string): void; error(facts: object, message: string): void }
  readonly lifecycle: { onStop(name: string, stop: () => void): void }
}

export const openSources = (own: OwnMappings, waits: Waits, tools: ServiceTools): CustomMappings => {
  const { clock, health, metrics, log, lifecycle } = tools
  const report = ({ kind, ...facts }: MappingsChange) => {
    if (kind === 'refused') log.error(facts, 'mapping refused; the active mapping of its source stays')
    else if (kind === 'restored') log.error(facts, 'mapping broken at the start; its last good version is active')
    else log.info(facts, kind === 'taken' ? 'mapping active' : 'mapping removed')
  }
  const { sources, stop } = followSources({ ...own, waits, clock, onChange: report })
  const count = () => {
    const found = sources.report()
    metrics.set('signals_mappings', { state: 'in_force' }, found.own.length)
    metrics.set('signals_mappings', { state: 'refused' }, found.refused.length)
    return found
  }
  health.detail('mappings', count)
  lifecycle.onStop('mappings', stop)
  return sources
}
