/** Finds wire profiles, and refuses those that are not for a host. */
import { readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { ConfigError } from '../../../runtime/config.ts'
import { type Profile, ProfileInvalid, parseProfile } from './profile.ts'

const shippedFolder = join(import.meta.dirname, 'profiles')
export const simulatorProfile = 'simulator-1'

/** The profile is not for this host. The call would send data to a stranger, or to TikTok a form that was never agreed. */
export class ProfileRefused extends ConfigError {
  override readonly name = 'ProfileRefused'
}

export const shippedProfiles = (): readonly string[] =>
  readdirSync(shippedFolder)
    .flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])
    .sort()

/** True for addresses of this machine and `localhost`; false for names that merely look like them. */
export const isLoopback = (baseUrl: string): boolean => {
  const { hostname } = new URL(baseUrl)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/**
 * @param name of a shipped profile, or path of a profile's JSON file
 * @throws ConfigError when there is none; ProfileInvalid
 */
export const readProfile = (name: string): Profile => {
  const isPath = name.endsWith('.json') || isAbsolute(name)
  if (!isPath && !shippedProfiles().includes(name)) {
    throw new ConfigError(`no profile ${name} is shipped; use "${simulatorProfile}" or the path of a .json file`)
  }
  const path = isPath ? resolve(name) : join(shippedFolder, `${name}.json`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError(`${path} cannot be read: name a JSON file that this process may read`)
  }
  return parseProfile(text)
}

/** @throws ProfileRefused */
export const allow = ({ loopbackOnly, name }: Profile, baseUrl: string): void => {
  if (!loopbackOnly || isLoopback(baseUrl)) return
  throw new ProfileRefused(
    `TIKTOK_WIRE_PROFILE: ${name} is for the simulator and refused for any other host: TIKTOK_BASE_URL must be a loopback address, or the profile the one that TikTok agreed with you`,
  )
}

/**
 * @param chosen as in `readProfile`; unset: the simulator's, for a loopback host only
 * @throws ConfigError naming the setting, the field of the document and the problem
 */
export const loadProfile = (chosen: string | undefined, baseUrl: string): Profile => {
  if (chosen === undefined && !isLoopback(baseUrl)) {
    throw new ProfileRefused(
      'TIKTOK_WIRE_PROFILE is not set: TIKTOK_BASE_URL is not this machine, and no wire profile is a default for a real host; name the file of the profile that TikTok agreed with you',
    )
  }
  let profile: Profile
  try {
    profile = readProfile(chosen ?? simulatorProfile)
  } catch (error) {
    if (error instanceof ProfileInvalid || error instanceof ConfigError) {
      throw new ConfigError(`TIKTOK_WIRE_PROFILE: ${error.message}`)
    }
    throw error
  }
  allow(profile, baseUrl)
  return profile
}
