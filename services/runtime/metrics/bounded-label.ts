/** Bounds the number of values of a metric label. */
export const otherLabel = 'other'

export class BoundedLabel {
  readonly #max: number
  readonly #known = new Set<string>()
  constructor(max: number) {
    this.#max = max
  }

  /** The value itself for the first `max` values, `other` for later ones. */
  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#max) return otherLabel
    this.#known.add(value)
    return value
  }
}
