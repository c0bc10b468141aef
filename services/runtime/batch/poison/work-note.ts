/**
 * The records of a topic partition that a process has in work, noted in Redis before it processes them. When the process ends without
 * finishing them, the note tells the next process where it happened.
 */

export interface WorkNote {
  /** Random id of the process; empty once it has given the range up in order. */
  readonly life: string
  readonly from: bigint
  /** Not included. */
  readonly to: bigint
  /** Processes that ended while they had records of the range in work. */
  readonly ends: number
  /** For a single record that is processed alone: the weight of the ends meanwhile, or that its dead letter is written; null for a slice. */
  readonly alone: number | 'done' | null
}

const form = /^([0-9a-f-]{0,36}) (\d{1,19}) (\d{1,19}) (\d{1,6}) (\d{1,6}|done|-)$/

export const encodeWorkNote = ({ life, from, to, ends, alone }: WorkNote): Buffer =>
  Buffer.from(`${life} ${from} ${to} ${ends} ${alone ?? '-'}`)

const aloneOf = (text: string): WorkNote['alone'] => (text === 'done' ? text : text === '-' ? null : Number(text))

/** null for anything that is no note. */
export const decodeWorkNote = (value: Buffer | null): WorkNote | null => {
  const [, life = '', from = '', to = '', ends = '', alone = ''] = form.exec(value?.toString('latin1') ?? '') ?? []
  if (from === '') return null
  return { life, from: BigInt(from), to: BigInt(to), ends: Number(ends), alone: aloneOf(alone) }
}
