/** Reads Prometheus' text format, as far as the stages' metrics use it. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(/\b(\w+)="((?:[^"\\]|\\.)*)"/g), ([, name = '', value = '']) => [name, value]),
  )

/** The series of one metric. @param name without characters of a pattern */
export const seriesOf = (text: string, name: string): readonly Series[] =>
  Array.from(text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)`, 'gm')), ([, labels = '', value = '']) => ({
    labels: labelsOf(labels),
    value: Number(value),
  }))
