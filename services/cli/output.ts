/** Output of commands: tables for people, one JSON value for machines. */
import { createInterface } from 'node:readline/promises'

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
export const printJson = (value: unknown) =>
  print(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? Number(item) : item)))
export const notify = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** Pads the columns to their content; the first row is the header. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const seconds = (value: number): string => {
  if (value < 1) return `${Math.round(value * 1000)} ms`
  if (value < 120) return `${Math.round(value * 10) / 10} s`
  if (value < 7_200) return `${Math.round(value / 60)} min`
  return `${Math.round(value / 360) / 10} h`
}

/** Reads standard input to its end. */
export const readInput = async (): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** Asks in a terminal; false without a terminal. */
export const confirmed = async (question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) return false
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${question} [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim())
}
