/** What a supervisor hands to the process of all services: the tasks, in a variable of the environment. */

export interface TaskSpec {
  /** Of its program. */
  readonly name: string
  /** The whole environment of the task. */
  readonly env: NodeJS.ProcessEnv
  /** Answers while the task lives. */
  readonly livezUrl: string
}

export interface CompactSpec {
  readonly tasks: readonly TaskSpec[]
  /** 0: no liveness check. */
  readonly livenessMs: number
}

export const compactVariable = 'SIGNALS_COMPACT_TASKS'
