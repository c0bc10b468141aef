/** Finds the stage settings of a replay: those of the running pipeline, else those of this shell. */
import { loadConfig } from '../../../runtime/config.ts'
import {
  type ReplaySettingTexts,
  replayFields,
  replaySettingNames,
  replaySettingTexts,
} from '../../../tools/replay/settings.ts'
import type { CliContext } from '../../context.ts'
import { seconds } from '../../output.ts'

const dayMs = 86_400_000

export interface ReplaySettings {
  readonly expireMs: number
  readonly waitMs: number
  readonly textWindowMs: number
  /** One line for people: the values and where they come from. */
  readonly text: string
}

/** The settings that a running `signals up` recorded; null: the command works on another pipeline. */
const recordedBy = ({ running, brokers, stageSettings }: SettingsContext): ReplaySettingTexts | null =>
  running !== null && running.brokers === brokers ? stageSettings : null

type SettingsContext = Pick<CliContext, 'running' | 'brokers' | 'stageSettings'>

/** @throws ConfigError */
export const replaySettings = (context: SettingsContext, env: NodeJS.ProcessEnv): ReplaySettings => {
  const ofShell = replaySettingTexts(env)
  const recorded = recordedBy(context)
  const texts = recorded ?? ofShell
  const { DISPATCH_EXPIRE_DAYS, ATTRIBUTION_WAIT, ATTRIBUTION_TEXT_WINDOW } = loadConfig(replayFields, texts)
  const from = recorded ? 'as the running pipeline' : "from this shell's environment; the stages must have the same"
  const ignored = replaySettingNames.filter((name) => ofShell[name] !== undefined && ofShell[name] !== texts[name])
  return {
    expireMs: DISPATCH_EXPIRE_DAYS * dayMs,
    waitMs: ATTRIBUTION_WAIT,
    textWindowMs: ATTRIBUTION_TEXT_WINDOW,
    text: [
      `decides with DISPATCH_EXPIRE_DAYS ${DISPATCH_EXPIRE_DAYS}, ATTRIBUTION_WAIT ${seconds(ATTRIBUTION_WAIT / 1000)} and ATTRIBUTION_TEXT_WINDOW ${seconds(ATTRIBUTION_TEXT_WINDOW / 1000)}, ${from}`,
      ...(ignored.length > 0 ? [`this shell's ${ignored.join(' and ')} is ignored`] : []),
    ].join('; '),
  }
}
