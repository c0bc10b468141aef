/** Reports the progress of a replay every second, in every phase: as a bar in a terminal, and as a JSON line with `--json`. */
import { systemClock } from '../../../runtime/clock.ts'
import type { Cancel } from '../../../runtime/ports.ts'
import type { Deciding } from '../../../tools/replay/plan/plan.ts'
import type { Phase } from '../../../tools/replay/run/run.ts'
import type { SendProgress } from '../../../tools/replay/send/send.ts'
import { printJson, seconds } from '../../output.ts'

const reportIntervalMs = 1_000
const barWidth = 24

const phaseTexts: Readonly<Record<Phase, string>> = {
  waiting: 'waits until live traffic has processed the range',
  comparing: 'finds the signals that are already reported',
  teaching: 'hands messages that live traffic never saw to attribution',
  settling: 'waits for the answers of TikTok',
}

/** One report. */
interface ProgressReport {
  readonly json: object
  /** 0 to 1; null where it is unknown. */
  readonly share: number | null
  readonly text: string
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10)

export const decidingReport = ({ records, all, share }: Deciding, elapsedSeconds: number): ProgressReport => {
  const rate = elapsedSeconds > 0 ? Math.round(records / elapsedSeconds) : 0
  const secondsLeft = share > 0 ? rounded((elapsedSeconds / share) * (1 - share)) : null
  const left = secondsLeft === null ? '' : `, ${seconds(secondsLeft)} left`
  return {
    json: { phase: 'deciding', records, of: all, share: Math.round(share * 1000) / 1000, rate, secondsLeft },
    share,
    text: `${all === null ? records : `${records} of ${all}`} decided, ${rate}/s${left}`,
  }
}

export const sendingReport = ({ published, all, rate, liveLagSeconds, secondsLeft }: SendProgress): ProgressReport => {
  const perSecond = Math.round(rate)
  const left = secondsLeft === null ? 'waits for live traffic' : `${seconds(secondsLeft)} left`
  return {
    json: { phase: 'sending', published, of: all, rate: perSecond, liveLagSeconds, secondsLeft: rounded(secondsLeft) },
    share: all === 0 ? 1 : Math.min(1, published / all),
    text: `${published} of ${all}  ${perSecond}/s, ${left}, live ${seconds(liveLagSeconds)} behind`,
  }
}

export class ReplayProgress {
  readonly #json: boolean
  readonly #startsWithRun: boolean
  readonly #isTerminal = process.stderr.isTTY
  readonly #cancelTimer: Cancel
  #run: string | null = null
  #report: ProgressReport | null = null
  #decidingSince: number | null = null
  #hasBar = false

  /** @param startsWithRun no report before the run has its id: for a run that sends without asking */
  constructor(json: boolean, startsWithRun: boolean) {
    this.#json = json
    this.#startsWithRun = startsWithRun
    this.#cancelTimer = systemClock.every(reportIntervalMs, () => this.#print())
  }

  started(run: string) {
    this.#run = run
    if (this.#json) printJson({ run, status: 'running' })
    else process.stderr.write(`run ${run}\n`)
  }

  phase(phase: Phase) {
    this.#report = { json: { phase }, share: null, text: phaseTexts[phase] }
  }

  deciding(progress: Deciding) {
    this.#decidingSince ??= systemClock.monotonic()
    this.#report = decidingReport(progress, (systemClock.monotonic() - this.#decidingSince) / 1000)
  }

  sending(progress: SendProgress) {
    this.#report = sendingReport(progress)
  }

  /** Removes the bar, so that other text can be printed. */
  clear() {
    this.#report = null
    if (this.#hasBar) process.stderr.write('\r\u001b[K')
    this.#hasBar = false
  }

  end() {
    this.#cancelTimer()
    this.clear()
  }

  #print() {
    if (this.#report === null) return
    if (this.#json && (this.#run !== null || !this.#startsWithRun)) printJson({ run: this.#run, ...this.#report.json })
    if (this.#isTerminal) this.#bar(this.#report)
  }

  #bar({ share, text }: ProgressReport) {
    const filled = Math.round((share ?? 0) * barWidth)
    const percent = share === null ? '' : ` ${Math.floor(share * 100)} % `
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
    process.stderr.write(`\r\u001b[K${share === null ? '' : bar}${percent} ${text}`.replace('K ', 'K'))
    this.#hasBar = true
  }
}
