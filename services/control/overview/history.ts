/** Rate and age of each stage over the last quarter of an hour, in memory. */
import { type StageName, stageNames } from '../../topology.ts'

export interface StageSample {
  readonly stage: StageName
  readonly perSecond: number | null
  readonly ageSeconds: number | null
}

export interface StageHistory {
  /** As many as `at`; null: not known then. */
  readonly perSecond: readonly (number | null)[]
  readonly ageSeconds: readonly (number | null)[]
}

const keepMs = 900_000

export class History {
  #samples: { readonly at: number; readonly stages: readonly StageSample[] }[] = []

  /** @param at ms */
  add(at: number, stages: readonly StageSample[]): void {
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= keepMs), { at, stages }]
  }

  /** Times in ms, oldest first, and a value of each stage for each. */
  all(): { readonly at: readonly number[]; readonly stages: Readonly<Record<StageName, StageHistory>> } {
    const values = (stage: StageName, of: (sample: StageSample) => number | null) =>
      this.#samples.map(({ stages }) => {
        const own = stages.find((one) => one.stage === stage)
        return own ? of(own) : null
      })
    const found = stageNames.map((stage) => [
      stage,
      {
        perSecond: values(stage, ({ perSecond }) => perSecond),
        ageSeconds: values(stage, ({ ageSeconds }) => ageSeconds),
      },
    ])
    return {
      at: this.#samples.map(({ at }) => at),
      stages: Object.fromEntries(found) as Record<StageName, StageHistory>,
    }
  }
}
