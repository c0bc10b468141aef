/** The settings of stages on which the decisions of a replay depend. `signals up` records the values that it gives to its stages. */
import { attributionFields } from '../../attribution/config.ts'
import { dispatchFields } from '../../dispatch/config.ts'

export const replayFields = {
  DISPATCH_EXPIRE_DAYS: dispatchFields.DISPATCH_EXPIRE_DAYS,
  ATTRIBUTION_WAIT: attributionFields.ATTRIBUTION_WAIT,
  ATTRIBUTION_TEXT_WINDOW: attributionFields.ATTRIBUTION_TEXT_WINDOW,
} as const
export type ReplaySettingName = keyof typeof replayFields

/** As in the environment; a missing one has its default. */
export type ReplaySettingTexts = Readonly<Partial<Record<ReplaySettingName, string>>>

export const replaySettingNames = Object.keys(replayFields) as readonly ReplaySettingName[]

/** The part of an environment that a replay needs. An empty variable counts as missing. */
export const replaySettingTexts = (env: Readonly<Record<string, string | undefined>>): ReplaySettingTexts =>
  Object.fromEntries(replaySettingNames.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
