/** `signals init`: asks five questions and writes a connection, a keyword list and a `.env` to start with. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { ConnectionInvalid, parseDraft } from '../../../shared/connections/connection-file.ts'
import { fileProblem } from '../../../shared/text/file-problem.ts'
import { Refused, UsageError } from '../../exit.ts'
import { print, printJson } from '../../output.ts'
import { filesOf, type InitAnswers, nextSteps } from './files.ts'

interface Question {
  readonly name: keyof InitAnswers
  readonly option: string
  readonly ask: string
  readonly example: string
  readonly byDefault: string
}

const questions: readonly Question[] = [
  {
    name: 'source',
    option: 'source',
    ask: 'Which source do the messages come from?',
    example: 'whatsapp, messenger, tiktok, zalo …',
    byDefault: 'whatsapp',
  },
  {
    name: 'accountId',
    option: 'account',
    ask: "Which account of it? Its id, as the source's webhooks name it",
    example: 'for WhatsApp the id of the phone number',
    byDefault: '106540352242922',
  },
  {
    name: 'tenantId',
    option: 'tenant',
    ask: 'Whose account is it? A short name for your customer',
    example: 'acme',
    byDefault: 'acme',
  },
  {
    name: 'advertiserId',
    option: 'advertiser',
    ask: "Which of TikTok's advertisers gets the signals? Its id",
    example: 'any number for the simulator',
    byDefault: '7000000000001',
  },
  {
    name: 'eventSetId',
    option: 'event-set',
    ask: 'Which of its event sets? Its id',
    example: 'any number for the simulator',
    byDefault: '9000000000001',
  },
]

type Flags = Partial<Record<string, string>> & { folder?: string; force?: boolean; json?: boolean }

const given = (flags: Flags, { option }: Question): string | undefined =>
  flags[option.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())]

/** Asks for what no option gives; without a terminal the options must give all. @throws UsageError */
const answersOf = async (flags: Flags): Promise<InitAnswers> => {
  const missing = questions.filter((question) => given(flags, question) === undefined)
  if (missing.length > 0 && !process.stdin.isTTY)
    throw new UsageError(
      `without a terminal nothing can be asked: give ${missing.map(({ option }) => `--${option}`).join(', ')}`,
    )
  const prompt = missing.length > 0 ? createInterface({ input: process.stdin, output: process.stderr }) : null
  const answers: Record<string, string> = {}
  try {
    for (const question of questions) {
      const { name, ask, example, byDefault } = question
      const known = given(flags, question)
      const answer = known ?? (await prompt?.question(`${ask} (${example}) [${byDefault}]: `)) ?? ''
      answers[name] = answer.trim() || byDefault
    }
  } finally {
    prompt?.close()
  }
  return answers as unknown as InitAnswers
}

/** The same checks as `connections add`. @throws UsageError naming each answer that is wrong */
const mustBeValid = (files: Readonly<Record<string, string>>): void => {
  try {
    parseDraft(JSON.parse(files['connection.json'] ?? ''))
  } catch (error) {
    if (error instanceof ConnectionInvalid) throw new UsageError(error.message)
    throw error
  }
}

/** @throws Refused where a file is there already; UsageError where none can be written */
const writeAll = (folder: string, files: Readonly<Record<string, string>>, isForced: boolean): void => {
  const there = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (there.length > 0 && !isForced)
    throw new Refused(`${there.join(', ')} is there already: --force replaces it, or name another --folder`)
  try {
    mkdirSync(folder, { recursive: true })
    // They hold a token each.
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  } catch (error) {
    throw new UsageError(`--folder ${folder} cannot be written: ${fileProblem(error) ?? 'name another folder'}`)
  }
}

const init = async ({ folder = '.', force = false, json, ...flags }: Flags) => {
  const files = filesOf(await answersOf(flags as Flags), randomBytes(24).toString('base64url'))
  mustBeValid(files)
  writeAll(folder, files, force)
  const written = Object.keys(files).map((name) => join(folder, name))
  if (json) return printJson({ written, next: nextSteps(folder) })
  print(
    `written: ${written.join(', ')}\n\nnext:\n${nextSteps(folder)
      .map((step) => `  ${step}`)
      .join('\n')}`,
  )
}

export const register = (program: Command) => {
  const command = program
    .command('init')
    .description('ask five questions and write a connection, a keyword list and a .env to start with')
  for (const { option, ask } of questions) command.option(`--${option} <value>`, `the answer to: ${ask}`)
  command
    .option('--folder <folder>', 'where the files are written; default: this folder')
    .option('--force', 'replace files that are there')
    .option('--json', 'one JSON value')
    .action(init)
}
