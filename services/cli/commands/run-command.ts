/** Runs a command of `signals`. Loads only the called one, so that `signals map` starts without a Kafka client. */
import { Command, CommanderError } from 'commander'
import { softwareVersion } from '../../runtime/process/version.ts'
import { exitCodes } from '../exit.ts'
import { notify, print } from '../output.ts'
import { commands } from './commands.ts'

/** Applies to sub-commands too: a wrong option must not exit the process, and names where the right ones are. */
const answering = (command: Command, path: string): Command =>
  command.exitOverride().showHelpAfterError(`see: ${path} --help`)

const failureText = (error: unknown): string => (error instanceof Error ? error.message : 'failed')

const exitCodeOf = (error: unknown): number => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'UsageError' || name === 'ConfigError' || name === 'ProfileInvalid') return exitCodes.usage
  if (name === 'Refused' || name === 'ProfileRefused' || name === 'AlreadyRunning') return exitCodes.refused
  return exitCodes.failed
}

/** No option of the program, which would take the `--version` of `signals keywords show` away. */
const versionWords: readonly (string | undefined)[] = ['--version', '-v', '-V', 'version']

/** `help connections add` as `connections add --help`: only the command itself knows its parts. */
const withoutHelpWord = (argv: readonly string[]): readonly string[] => {
  const [first, ...rest] = argv
  return first === 'help' && commands[rest[0] ?? ''] ? [...rest, '--help'] : argv
}

/**
 * @param given without the program's name
 * @param env the process' environment; names of secret files in it are followed
 * @returns the exit code; errors are written to standard error
 */
export const runCommand = async (given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  if (given.length === 1 && versionWords.includes(given[0])) {
    print(softwareVersion())
    return exitCodes.done
  }
  const argv = withoutHelpWord(given)
  const program = answering(new Command('signals'), 'signals')
    .description('Turns conversations into advertising signals without giving away what was said.')
    .showSuggestionAfterError()
    .addHelpText('after', '\n`signals COMMAND --help` explains a command, `signals --version` prints the version.')
  const chosen = commands[argv[0] ?? '']
  for (const [name, { about }] of Object.entries(commands))
    if (commands[name] !== chosen) program.command(name).description(about)
  try {
    if (chosen) {
      // Loaded late, so that a secret file that cannot be read is reported like any other wrong setting.
      const { openEnvironment } = await import('../../runtime/process/environment/environment.ts')
      const resolved = openEnvironment(env)
      ;(await chosen.load()).register(program, resolved)
    }
    for (const command of program.commands) {
      answering(command, `signals ${command.name()}`)
      for (const sub of command.commands) answering(sub, `signals ${command.name()} ${sub.name()}`)
    }
    if (argv.length === 0) {
      program.outputHelp()
      return exitCodes.usage
    }
    await program.parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? exitCodes.done)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    notify(`signals: ${failureText(error)}`)
    return exitCodeOf(error)
  }
}
