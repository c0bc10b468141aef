/** Output of commands: tables for people, one JSON value for machines. */
import { createInterface } from 'node:readline/promises'
import { withoutCredentials } from '../runtime/config.ts'
import type { Refusal } from '../runtime/keys/signatures/signed-broker.ts'

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
export const printJson = (value: unknown) =>
  print(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? Number(item) : item)))
export const notify = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** Addresses without the passwords that they may hold; commands read the whole ones from the state file. */
export const printable = <T extends { readonly redis: string; readonly registry: string }>(addresses: T): T => ({
  ...addresses,
  redis: withoutCredentials(addresses.redis),
  registry: withoutCredentials(addresses.registry),
})

/** Characters that steer a terminal, or change the direction of what follows. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** Pads the columns to their content; the first row is the header. Values come from outside, so what would steer a terminal is replaced. */
export const table = (given: readonly (readonly string[])[]): string => {
  const rows = given.map((row) => row.map((cell) => cell.replace(steering, '\ufffd')))
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

/** Reads standard input to its end. At a terminal it says so, as the command would seem to hang. */
export const readInputBytes = async (): Promise<Buffer> => {
  if (process.stdin.isTTY) notify('signals: reads standard input: paste it, then Ctrl-D on a line of its own')
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
export const readInput = async (): Promise<string> => (await readInputBytes()).toString()

/** Asks in a terminal; false without a terminal. */
export const confirmed = async (question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) return false
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${question} [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim())
}

/** Reports once a topic that it holds records which do not count, because this pipeline has not signed them. */
export const refusalNotice = () => {
  const named = new Set<string>()
  return ({ record: { topic, offset }, reason }: Refusal): void => {
    if (named.has(topic)) return
    named.add(topic)
    notify(
      `signals: ${topic} holds records that this pipeline has not signed (${reason}, offset ${offset}); they do not count: see \`signals doctor\``,
    )
  }
}
