/** `signals`: loads only the called command, so that `signals map` starts without a Kafka client. */
import { Command, CommanderError } from 'commander'
import { exitCodes } from './exit.ts'
import { notify } from './output.ts'

interface CommandModule {
  /** Adds the command to the program. @param env the process' environment */
  register(program: Command, env: NodeJS.ProcessEnv): void
}

const commands: Record<string, { readonly about: string; readonly load: () => Promise<CommandModule> }> = {
  up: { about: 'start the pipeline and its parts in the foreground', load: () => import('./commands/up/index.ts') },
  run: {
    about: 'run one process of the pipeline in the foreground',
    load: () => import('./commands/run/index.ts'),
  },
  prepare: {
    about: 'topics, schemas and secrets for another supervisor, such as Compose',
    load: () => import('./commands/prepare/index.ts'),
  },
  status: {
    about: 'the running stages: state, age of the oldest unprocessed record',
    load: () => import('./commands/status/index.ts'),
  },
  connections: {
    about: 'which account reports to which advertiser',
    load: () => import('./commands/connections/index.ts'),
  },
  connectors: { about: 'what connectors write: check it', load: () => import('./commands/connectors/index.ts') },
  attribution: {
    about: 'which tracking ID a conversation is credited with',
    load: () => import('./commands/attribution/index.ts'),
  },
  breakers: {
    about: 'connections with an open circuit breaker',
    load: () => import('./commands/breakers/index.ts'),
  },
  keys: {
    about: 'master keys: list, create, rotate; keys of one process',
    load: () => import('./commands/keys/index.ts'),
  },
  keywords: {
    about: 'keyword lists: import, test, diff, roll back',
    load: () => import('./commands/keywords/index.ts'),
  },
  rules: {
    about: 'rule sets: import, test, diff, roll back',
    load: () => import('./commands/rules/index.ts'),
  },
  explain: {
    about: 'what was decided about a conversation, and why',
    load: () => import('./commands/explain/index.ts'),
  },
  map: { about: 'map a webhook body to message events', load: () => import('./commands/map/index.ts') },
  mappings: {
    about: 'mappings of sources: check, list, show',
    load: () => import('./commands/mappings/index.ts'),
  },
  profiles: {
    about: 'wire profiles: list, preview, check',
    load: () => import('./commands/profiles/index.ts'),
  },
  lag: { about: 'per stage and partition: messages and seconds behind', load: () => import('./commands/lag/index.ts') },
  replay: {
    about: 'decide a range of history again and send the signals that are new',
    load: () => import('./commands/replay/index.ts'),
  },
  replays: { about: 'replay runs: list, show, cancel', load: () => import('./commands/replays/index.ts') },
  'dead-letters': {
    about: 'records that a stage could not process: list, show, redrive',
    load: () => import('./commands/dead-letters/index.ts'),
  },
  quarantine: {
    about: 'accounts whose records are put aside: list, release, discard',
    load: () => import('./commands/quarantine/index.ts'),
  },
  report: {
    about: 'per day: conversations by origin, keywords, outcomes with values, and what became of them',
    load: () => import('./commands/report/index.ts'),
  },
  tokens: {
    about: 'tokens for connectors and the admin API: create, list, revoke',
    load: () => import('./commands/tokens/index.ts'),
  },
  forget: {
    about: 'erase one person, and drop what comes of them from now on',
    load: () => import('./commands/forget/index.ts'),
  },
  person: { about: 'what the pipeline holds of one person', load: () => import('./commands/person/index.ts') },
  topics: { about: 'topology against the cluster: plan, apply', load: () => import('./commands/topics/index.ts') },
  backup: {
    about: 'copy what no replay makes again into a folder of sealed files',
    load: () => import('./commands/backup/index.ts'),
  },
  restore: { about: 'write a backup into an empty cluster', load: () => import('./commands/restore/index.ts') },
  audit: { about: 'who asked for what', load: () => import('./commands/audit/index.ts') },
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
    if (chosen) {
      // Loaded late, so that a secret file that cannot be read is reported like any other wrong setting.
      const { environment } = await import('../runtime/process/environment.ts')
      ;(await chosen.load()).register(program, environment())
    }
    // Applies to sub-commands too: commander must not exit the process at a wrong option.
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

// The reader closed the pipe (`signals lag | head`): not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
})
const code = await run(process.argv.slice(2))
// process.exit would cut off output that a slow pipe has not taken yet.
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit(code)
