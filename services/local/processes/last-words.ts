/** What a process said last, for a line about its end: otherwise the reason is in a log file only. */

/** Errors of the JavaScript engine quote what they could not read, such as a body. */
const quoted = /"[^"]*("|$)/g

/** Longer ones are cut; the log has all. */
const most = 600

interface Said {
  readonly level?: string
  readonly msg?: string
  readonly message?: string
  readonly problems?: readonly string[]
}

const parsed = (line: string): Said | null => {
  try {
    return JSON.parse(line) as Said
  } catch {
    return null
  }
}

const grave: ReadonlySet<unknown> = new Set(['error', 'fatal'])

/**
 * The last grave line of a log, in words; else the last line that is none of a log, such as an error of Node itself.
 * @param output the end of what the process wrote. @returns null: it said nothing of the kind
 */
export const lastWords = (output: string): string | null => {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines.toReversed()) {
    const said = parsed(line)
    if (!said || !grave.has(said.level)) continue
    const words = [said.msg, said.message, ...(said.problems ?? [])].filter(Boolean)
    return words.join(': ').slice(0, most)
  }
  const plain = lines.filter((line) => parsed(line) === null && !/^\s+at |^Node\.js v/.test(line))
  const error = plain.findLast((line) => /error/i.test(line)) ?? plain.at(-1)
  return error?.trim().replace(quoted, '"…"').slice(0, most) ?? null
}
