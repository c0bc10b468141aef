/** Sources as a running service has them: followed, told of in its log, its health and its metrics. */
import { followSources, type MappingsChange, type OwnMappings, type Waits } from './index.ts'

/** The little that is needed of a service's tools. */
export interface ServiceTools {
  readonly clock: { now(): number }
  readonly health: { detail(name: string, look: () => unknown): void }
  readonly metrics: { set(name: 'signals_mappings', labels: { readonly state: string }, value: number): void }
  readonly log: { info(facts: object, message: string): void; error(facts: object, message: string): void }
  readonly lifecycle: { onStop(name: string, stop: () => void): void }
}

export const openSources = (folder: string | undefined, waits: Waits, tools: ServiceTools): OwnMappings => {
  const { clock, health, metrics, log, lifecycle } = tools
  const tell = ({ kind, ...facts }: MappingsChange) => {
    if (kind === 'refused') log.error(facts, 'mapping refused; what was in force for its source stays')
    else log.info(facts, kind === 'taken' ? 'mapping in force' : 'mapping removed')
  }
  const following = followSources({ folder, waits, now: () => clock.now(), onChange: tell })
  const { sources } = following
  const count = () => {
    const { own, refused } = sources.report()
    metrics.set('signals_mappings', { state: 'in_force' }, own.length)
    metrics.set('signals_mappings', { state: 'refused' }, refused.length)
    return { own, refused }
  }
  health.detail('mappings', count)
  lifecycle.onStop('mappings', following.stop)
  return sources
}
