/** One rule for commands that can send much: a dry run comes first, and only a person at a terminal or `--yes` lets it send. */
import { createInterface } from 'node:readline/promises'
import { notify } from './output.ts'

export interface SendOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** @param question asked in a terminal; answered with no, nothing is sent */
export const maySend = async ({ yes, dryRun }: SendOptions, question: string): Promise<boolean> => {
  if (dryRun) return false
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    notify('signals: this was a dry run, nothing was sent: there is no terminal to ask in; send with --yes')
    return false
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and the end of the input are a no.
  const ended = new Promise<string>((resolve) => prompt.once('close', () => resolve('')))
  const answer = await Promise.race([prompt.question(`${question} [y/N] `).catch(() => ''), ended])
  prompt.close()
  if (/^y(es)?$/i.test(answer.trim())) return true
  notify('signals: nothing was sent')
  return false
}
