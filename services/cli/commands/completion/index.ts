/** `signals completion`: prints a script by which a shell completes commands and options. */
import { Command } from 'commander'
import { UsageError } from '../../exit.ts'
import { print } from '../../output.ts'
import { type CommandModule, commands } from '../commands.ts'
import { type CommandWords, completionScript, type Shell, shells } from './scripts.ts'

const longOptions = (command: Command): string[] =>
  [...command.options.map(({ long }) => long), '--help'].filter((long): long is string => typeof long === 'string')

/** Registers every command, as only then its options are known. */
const wordsOf = async (env: NodeJS.ProcessEnv): Promise<CommandWords[]> => {
  const program = new Command('signals')
  const modules: CommandModule[] = await Promise.all(Object.values(commands).map(({ load }) => load()))
  for (const { register } of modules) register(program, env)
  return program.commands.map((command) => ({
    name: command.name(),
    about: commands[command.name()]?.about ?? command.description(),
    options: longOptions(command),
    subs: command.commands.map((sub) => ({ name: sub.name(), about: sub.description(), options: longOptions(sub) })),
  }))
}

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  program
    .command('completion <shell>')
    .description(`print the script by which a shell completes commands and options: ${shells.join(', ')}`)
    .action(async (shell: string) => {
      if (!shells.includes(shell as Shell))
        throw new UsageError(`there is no completion for ${shell}; there is one for ${shells.join(', ')}`)
      print(completionScript(shell as Shell, await wordsOf(env)).trimEnd())
    })
}
