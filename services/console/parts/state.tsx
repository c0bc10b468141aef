/** States in words with a mark of their own: colour alone tells nothing. */
import type { ComponentChildren } from 'preact'

export type Tone = 'good' | 'notice' | 'warning' | 'page' | 'off'

const marks: Readonly<Record<Tone, string>> = { good: '●', notice: '◆', warning: '▲', page: '■', off: '○' }
export const toneNames: Readonly<Record<Tone, string>> = {
  good: 'good',
  notice: 'to look at',
  warning: 'warning',
  page: 'urgent',
  off: 'off',
}

export const State = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`state ${tone}`}>
    <span aria-hidden="true">{marks[tone]}</span> {children}
  </span>
)

const stageTones: Readonly<Record<string, Tone>> = {
  running: 'good',
  starting: 'warning',
  waiting: 'warning',
  stopping: 'warning',
  halted: 'page',
  unreachable: 'page',
}
export const toneOfStage = ({ state, healthy }: { state: string; healthy: boolean }): Tone =>
  state === 'running' && !healthy ? 'page' : (stageTones[state] ?? 'notice')

const connectionTones: Readonly<Record<string, Tone>> = { active: 'good', paused: 'warning', reconnect: 'page' }
export const ConnectionState = ({ status }: { status: string }) => (
  <State tone={connectionTones[status] ?? 'off'}>{status === 'reconnect' ? 'needs a new token' : status}</State>
)
