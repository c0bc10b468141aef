/** The commands of `signals`: what each is about, and where it is loaded from. */
import type { Command } from 'commander'

export interface CommandModule {
  /** Adds the command to the program. @param env the process' environment */
  register(program: Command, env: NodeJS.ProcessEnv): void
}

export const commands: Record<string, { readonly about: string; readonly load: () => Promise<CommandModule> }> = {
  init: {
    about: 'ask five questions and write a connection, a keyword list and a .env to start with',
    load: () => import('./init/index.ts'),
  },
  up: { about: 'start the pipeline and its parts in the foreground', load: () => import('./up/index.ts') },
  run: {
    about: 'run one process of the pipeline in the foreground',
    load: () => import('./run/index.ts'),
  },
  prepare: {
    about: 'topics, schemas and secrets for another supervisor, such as Compose',
    load: () => import('./prepare/index.ts'),
  },
  status: {
    about: 'the running processes: state, age of the oldest unprocessed record, version, host',
    load: () => import('./status/index.ts'),
  },
  connections: {
    about: 'which account reports to which advertiser',
    load: () => import('./connections/index.ts'),
  },
  connectors: { about: 'what connectors write: check it', load: () => import('./connectors/index.ts') },
  attribution: {
    about: 'which tracking ID a conversation is credited with',
    load: () => import('./attribution/index.ts'),
  },
  breakers: {
    about: 'connections with an open circuit breaker',
    load: () => import('./breakers/index.ts'),
  },
  keys: {
    about: 'master keys: list, create, rotate; keys of one process',
    load: () => import('./keys/index.ts'),
  },
  format: {
    about: 'the form of what is at rest: show it, upgrade it after a new version',
    load: () => import('./format/index.ts'),
  },
  keywords: {
    about: 'keyword lists: import, test, diff, roll back',
    load: () => import('./keywords/index.ts'),
  },
  rules: {
    about: 'rule sets: import, test, diff, roll back',
    load: () => import('./rules/index.ts'),
  },
  explain: {
    about: 'what was decided about a conversation, and why',
    load: () => import('./explain/index.ts'),
  },
  map: { about: 'map a webhook body to message events', load: () => import('./map/index.ts') },
  mappings: {
    about: 'mappings of sources: check, list, show',
    load: () => import('./mappings/index.ts'),
  },
  profiles: {
    about: 'wire profiles: list, preview, check',
    load: () => import('./profiles/index.ts'),
  },
  lag: { about: 'per stage and partition: messages and seconds behind', load: () => import('./lag/index.ts') },
  replay: {
    about: 'decide a range of history again and send the signals that are new',
    load: () => import('./replay/index.ts'),
  },
  replays: { about: 'replay runs: list, show, cancel', load: () => import('./replays/index.ts') },
  'dead-letters': {
    about: 'records that a stage could not process: list, show, redrive',
    load: () => import('./dead-letters/index.ts'),
  },
  quarantine: {
    about: 'accounts whose records are put aside: list, release, discard',
    load: () => import('./quarantine/index.ts'),
  },
  report: {
    about: 'per day: conversations by origin, keywords, outcomes with values, and what became of them',
    load: () => import('./report/index.ts'),
  },
  tokens: {
    about: 'tokens for connectors and the admin API: create, list, revoke',
    load: () => import('./tokens/index.ts'),
  },
  forget: {
    about: 'erase one person, and drop what comes of them from now on',
    load: () => import('./forget/index.ts'),
  },
  person: { about: 'what the pipeline holds of one person', load: () => import('./person/index.ts') },
  topics: { about: 'topology against the cluster: plan, apply', load: () => import('./topics/index.ts') },
  backup: {
    about: 'copy what no replay makes again into a folder of sealed files',
    load: () => import('./backup/index.ts'),
  },
  restore: { about: 'write a backup into an empty cluster', load: () => import('./restore/index.ts') },
  offsets: {
    about: 'forget in Redis what names offsets of a Kafka that was lost',
    load: () => import('./offsets/index.ts'),
  },
  audit: { about: 'who asked for what', load: () => import('./audit/index.ts') },
  doctor: { about: 'check configuration and every dependency', load: () => import('./doctor/index.ts') },
  completion: {
    about: 'the script by which a shell completes commands and options',
    load: () => import('./completion/index.ts'),
  },
}
