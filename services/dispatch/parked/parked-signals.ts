/** Lists the signals of a batch that were parked, with the reason. */

import type { Outcome } from '../../runtime/batch/outcome.ts'
import type { Input } from '../../runtime/batch/stage.ts'
import type { Signal } from '../../shared/model/topic-values.ts'

export interface Parked {
  readonly connectionId: string
  readonly reason: string
}

export const parkedOf = (
  batch: readonly Pick<Input<Signal>, 'value'>[],
  outcomes: readonly (Outcome | readonly Outcome[])[],
): Parked[] =>
  batch.flatMap(({ value: { connectionId } }, position) =>
    [outcomes[position] ?? []]
      .flat()
      .flatMap((outcome) => (outcome.kind === 'parked' ? { connectionId, reason: outcome.reason } : [])),
  )
