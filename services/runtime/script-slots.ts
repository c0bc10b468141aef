/**
 * Which keys one call of a script may have: those of one hash tag on a cluster, any on one server. A call costs Redis and the process as
 * much as a few entries, so one server gets few. A proxy before a cluster looks like one server, and refuses keys of several slots
 * before the script runs; from then on each hash tag has calls of its own.
 */
import { DependencyError, type RedisCommands } from './ports.ts'

/** The server has several hash slots, and refused a script with keys in more than one of them. */
export class SlotsApart extends DependencyError {}

export class ScriptSlots {
  #areApart: boolean

  constructor({ isCluster }: Pick<RedisCommands, 'isCluster'>) {
    this.#areApart = isCluster
  }

  /** @param work runs the script, once for each hash tag where `areApart`. It may run twice: some calls of the first may have been done */
  async run<Answer>(work: (areApart: boolean) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(this.#areApart)
    } catch (error) {
      if (this.#areApart || !(error instanceof SlotsApart)) throw error
      this.#areApart = true
      return work(true)
    }
  }
}
