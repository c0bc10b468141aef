/** Confirmation for commands that send many records: only `--yes`, or an answer in a terminal, lets them send after the dry run. */
import { createInterface } from 'node:readline/promises'
import { notify } from './output.ts'

export interface SendOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** @returns whether the command may send. @param question asked in a terminal */
export const maySend = async ({ yes, dryRun }: SendOptions, question: string): Promise<boolean> => {
  if (dryRun) return false
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    notify('signals: this was a dry run, nothing was sent: without a terminal, send with --yes')
    return false
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and the end of the input count as no.
  const ended = new Promise<string>((resolve) => prompt.once('close', () => resolve('')))
  const answer = await Promise.race([prompt.question(`${question} [y/N] `).catch(() => ''), ended])
  prompt.close()
  if (/^y(es)?$/i.test(answer.trim())) return true
  notify('signals: nothing was sent')
  return false
}
