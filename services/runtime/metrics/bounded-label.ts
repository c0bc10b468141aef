/** Values of a label whose number nobody bounds: the first ones by name, all others together. */
export const otherLabel = 'other'

export class BoundedLabel {
  readonly #most: number
  readonly #known = new Set<string>()
  constructor(most: number) {
    this.#most = most
  }

  /** The value itself while there is room, `other` for those that come later. */
  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#most) return otherLabel
    this.#known.add(value)
    return value
  }
}
