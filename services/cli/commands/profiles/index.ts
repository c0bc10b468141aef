/** `signals profiles`: lists, previews and checks wire profiles. */
import type { Command } from 'commander'
import { callEncoder, type Profile, partsOf } from '../../../dispatch/destinations/tiktok/index.ts'
import {
  allow,
  readProfile,
  shippedProfiles,
  simulatorProfile,
} from '../../../dispatch/destinations/tiktok/profiles.ts'
import type { Signal } from '../../../shared/model/topic-values.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'

const example = (kind: Signal['kind'], id: string, fields: Partial<Signal>): Signal => ({
  signalId: id.repeat(32),
  connectionId: 'example',
  kind,
  flags: [],
  trackingId: null,
  occurredAt: Date.UTC(2025, 10, 23, 12),
  channel: 'whatsapp',
  keywordListVersion: null,
  event: null,
  value: null,
  currency: null,
  origin: null,
  countOnly: false,
  ...fields,
})

/** One signal of each kind that the profile has, and one with two flags. */
const examplesOf = ({ events }: Profile): readonly Signal[] => [
  example('conversation', 'a', { trackingId: 'tracking-id' }),
  example('keyword', 'b', { flags: ['payment', 'booking'], trackingId: 'tracking-id' }),
  example('keyword', 'c', { flags: ['payment'] }),
  example('order', 'd', {}),
  ...(events.outcome
    ? [example('outcome', 'e', { event: 'Purchase', value: '149000.50', currency: 'IDR', trackingId: 'tracking-id' })]
    : []),
]

const urlOf = (text: string): string => {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new UsageError('--base-url must be an http(s) URL')
}

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  const profiles = program.command('profiles').description('wire profiles: the format of signals in calls to TikTok')
  const json = ['--json', 'one JSON value'] as const

  profiles
    .command('list')
    .description('the shipped profiles')
    .option(...json)
    .action(({ json }: { json?: boolean }) => {
      const all = shippedProfiles().map(readProfile)
      if (json) return printJson(all)
      print(
        table([
          ['profile', 'version', 'for', 'flags as', 'event source'],
          ...all.map(({ name, version, loopbackOnly, flags, eventSource }) => [
            name,
            String(version),
            loopbackOnly ? 'the simulator only' : 'any host',
            flags.encoding,
            eventSource,
          ]),
        ]),
      )
    })

  profiles
    .command('preview [profile]')
    .description('print an example call with one signal of each kind; sends nothing')
    .option(...json)
    .action((given: string | undefined, { json }: { json?: boolean }) => {
      const profile = readProfile(given ?? (env.TIKTOK_WIRE_PROFILE || simulatorProfile))
      const parts = partsOf(profile)
      const body: unknown = JSON.parse(
        callEncoder(profile)(
          '<eventSetId>',
          examplesOf(profile).flatMap((signal) => parts?.(signal) ?? [signal]),
        ),
      )
      if (json) return printJson(body)
      print(JSON.stringify(body, null, 2))
    })

  profiles
    .command('check <file>')
    .description('validate a profile; with --base-url, also whether dispatch accepts it for that host')
    .option('--base-url <url>', 'as TIKTOK_BASE_URL')
    .option(...json)
    .action((file: string, { baseUrl, json }: { baseUrl?: string; json?: boolean }) => {
      const profile = readProfile(file)
      if (baseUrl !== undefined) allow(profile, urlOf(baseUrl))
      const { name, version, flags, loopbackOnly } = profile
      if (json) return printJson({ valid: true, name, version, flags: flags.encoding, loopbackOnly })
      print(`${name}, version ${version}: valid${loopbackOnly ? '; for the simulator only' : ''}`)
    })
}
