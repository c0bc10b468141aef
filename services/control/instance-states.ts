/** What is known of each process, and which versions run. Pure. */
import { type ProcessName, processNames, silentAfterMs } from '../runtime/health/heartbeats.ts'
import type { InstanceProbe, StageInstances } from './stage-probes.ts'

export interface KnownProcess {
  readonly stage: ProcessName
  /** URL of its metrics. */
  readonly address: string
  /** State of its health report; `unreachable`: it is down; `out-of-reach`: it announces itself, and does not answer here. */
  readonly state: string
  readonly reason: string | null
  readonly healthy: boolean
  readonly oldestUnprocessedSeconds: number | null
  /** null, as what follows: it does not announce itself. */
  readonly instance: string | null
  readonly host: string | null
  readonly pid: number | null
  readonly version: string | null
  /** ms */
  readonly since: number | null
  /** Assigned to it, by topic. */
  readonly partitions: Readonly<Record<string, readonly number[]>> | null
  /** For how long it has not been heard of; null: it is heard of, or never was. */
  readonly silentSeconds: number | null
}

export const instanceState = ({ health, isOutOfReach }: InstanceProbe): string =>
  health?.state ?? (isOutOfReach ? 'out-of-reach' : 'unreachable')

const known = (stage: ProcessName, probe: InstanceProbe): KnownProcess => {
  const { url, health, heard } = probe
  const isSilent = heard !== undefined && heard.silentMs > silentAfterMs
  return {
    ...{ stage, address: url, state: instanceState(probe) },
    reason: health?.reason ?? null,
    healthy: health?.healthy ?? false,
    oldestUnprocessedSeconds: health?.oldestUnprocessedSeconds ?? null,
    instance: heard?.instance ?? null,
    host: heard?.host ?? null,
    pid: heard?.pid ?? null,
    version: heard?.version ?? null,
    since: heard?.since ?? null,
    partitions: heard?.partitions ?? null,
    silentSeconds: isSilent ? Math.round(heard.silentMs / 1000) : null,
  }
}

/** In the order of the pipeline, control last. */
export const processesOf = (instances: StageInstances): readonly KnownProcess[] =>
  processNames.flatMap((name) => (instances[name] ?? []).map((probe) => known(name, probe)))
