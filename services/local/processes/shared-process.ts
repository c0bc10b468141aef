/** What a supervisor hands to a process of several services, in a variable of its environment. */

export interface TaskSpec {
  readonly name: string
  /** The whole environment of the service. */
  readonly env: NodeJS.ProcessEnv
}

export const tasksVariable = 'SIGNALS_COMPACT_TASKS'
