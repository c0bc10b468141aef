/** `signals`: only the command that is called is loaded, so that `signals map` starts without a Kafka client. */
import { Command, CommanderError } from 'commander'
import { exitCodes } from './exit.ts'
import { notify } from './output.ts'

interface CommandModule {
  register(program: Command): void
}

const commands: Record<string, { readonly about: string; readonly load: () => Promise<CommandModule> }> = {
  up: { about: 'start all that is needed, in the foreground', load: () => import('./commands/up/index.ts') },
  status: {
    about: 'what runs: stages, state, age of the oldest unprocessed record',
    load: () => import('./commands/status/index.ts'),
  },
  connections: { about: 'who reports to which advertiser', load: () => import('./commands/connections/index.ts') },
  breakers: {
    about: 'connections that TikTok does not answer well at the moment',
    load: () => import('./commands/breakers/index.ts'),
  },
  keys: {
    about: 'master keys: which are in use, putting a new one into force',
    load: () => import('./commands/keys/index.ts'),
  },
  keywords: {
    about: 'keyword lists: import, test, diff, roll back',
    load: () => import('./commands/keywords/index.ts'),
  },
  map: { about: 'what a mapping makes of a webhook body', load: () => import('./commands/map/index.ts') },
  mappings: {
    about: 'what is known of sources: check, list, show',
    load: () => import('./commands/mappings/index.ts'),
  },
  profiles: {
    about: 'wire profiles: list, preview, check',
    load: () => import('./commands/profiles/index.ts'),
  },
  lag: { about: 'per stage and partition: messages and seconds behind', load: () => import('./commands/lag/index.ts') },
  replay: {
    about: 'decide again about a stretch of history, report what is new',
    load: () => import('./commands/replay/index.ts'),
  },
  replays: { about: 'replay runs: list, show, cancel', load: () => import('./commands/replays/index.ts') },
  'dead-letters': {
    about: 'what a stage could not process: list, show, redrive',
    load: () => import('./commands/dead-letters/index.ts'),
  },
  topics: { about: 'topology against the cluster: plan, apply', load: () => import('./commands/topics/index.ts') },
  doctor: { about: 'check configuration and every dependency', load: () => import('./commands/doctor/index.ts') },
}

const failureText = (error: unknown): string => (error instanceof Error ? error.message : 'failed')

const exitCodeOf = (error: unknown): number => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'UsageError' || name === 'ConfigError' || name === 'ProfileInvalid') return exitCodes.usage
  if (name === 'Refused' || name === 'ProfileRefused' || name === 'AlreadyRunning') return exitCodes.refused
  return exitCodes.failed
}

const run = async (argv: readonly string[]): Promise<number> => {
  const program = new Command('signals')
    .description('Turns conversations into advertising signals without giving away what was said.')
    .exitOverride()
    .showSuggestionAfterError()
  const chosen = commands[argv[0] ?? '']
  for (const [name, { about }] of Object.entries(commands))
    if (commands[name] !== chosen) program.command(name).description(about)
  try {
    if (chosen) (await chosen.load()).register(program)
    // Options of sub-commands must not end the process by themselves either.
    for (const command of program.commands) {
      command.exitOverride()
      for (const sub of command.commands) sub.exitOverride()
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

// Nobody reads any more (`signals lag | head`): nothing to complain about.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
})
const code = await run(process.argv.slice(2))
// A pipe takes long output piece by piece: what is not through by now would be cut off.
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit(code)
