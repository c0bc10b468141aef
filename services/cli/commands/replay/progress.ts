/** Where a replay is, every second, whatever it is at: as a bar in a terminal, and as a JSON line with `--json`. */
import type { Deciding } from '../../../tools/replay/plan/plan.ts'
import type { Phase } from '../../../tools/replay/run/run.ts'
import type { SendProgress } from '../../../tools/replay/send/send.ts'
import { printJson, seconds } from '../../output.ts'

const everyMs = 1_000
const barWidth = 24

const words: Readonly<Record<Phase, string>> = {
  waiting: 'waits until live traffic has passed the range',
  comparing: 'looks what was raised before',
  teaching: 'tells attribution of messages that live traffic never let in',
  settling: 'waits for what TikTok answers',
}

/** What a second's line says. */
interface Now {
  readonly json: object
  /** 0 to 1; null where nobody can know. */
  readonly share: number | null
  readonly text: string
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10)

export const decidingNow = ({ records, all, share }: Deciding, elapsedSeconds: number): Now => {
  const rate = elapsedSeconds > 0 ? Math.round(records / elapsedSeconds) : 0
  const secondsLeft = share > 0 ? rounded((elapsedSeconds / share) * (1 - share)) : null
  const left = secondsLeft === null ? '' : `, ${seconds(secondsLeft)} left`
  return {
    json: { phase: 'deciding', records, of: all, share: Math.round(share * 1000) / 1000, rate, secondsLeft },
    share,
    text: `${all === null ? records : `${records} of ${all}`} decided, ${rate}/s${left}`,
  }
}

export const sendingNow = ({ published, all, rate, liveLagSeconds, secondsLeft }: SendProgress): Now => {
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
  readonly #isNamedFirst: boolean
  readonly #isTerminal = process.stderr.isTTY
  readonly #timer: NodeJS.Timeout
  #run: string | null = null
  #now: Now | null = null
  #decidingSince: number | null = null
  #hasBar = false

  /** @param isNamedFirst one that sends without asking: the first of its lines names the run */
  constructor(json: boolean, isNamedFirst: boolean) {
    this.#json = json
    this.#isNamedFirst = isNamedFirst
    this.#timer = setInterval(() => this.#tell(), everyMs)
    // Work keeps the process up, not the telling of it.
    this.#timer.unref()
  }

  begun(run: string) {
    this.#run = run
    if (this.#json) printJson({ run, status: 'running' })
    else process.stderr.write(`run ${run}\n`)
  }

  phase(phase: Phase) {
    this.#now = { json: { phase }, share: null, text: words[phase] }
  }

  deciding(progress: Deciding) {
    this.#decidingSince ??= Date.now()
    this.#now = decidingNow(progress, (Date.now() - this.#decidingSince) / 1000)
  }

  sending(progress: SendProgress) {
    this.#now = sendingNow(progress)
  }

  /** Nothing goes on for now; the line is free for other text. */
  clear() {
    this.#now = null
    if (this.#hasBar) process.stderr.write('\r\u001b[K')
    this.#hasBar = false
  }

  end() {
    clearInterval(this.#timer)
    this.clear()
  }

  #tell() {
    if (this.#now === null) return
    if (this.#json && (this.#run !== null || !this.#isNamedFirst)) printJson({ run: this.#run, ...this.#now.json })
    if (this.#isTerminal) this.#bar(this.#now)
  }

  #bar({ share, text }: Now) {
    const filled = Math.round((share ?? 0) * barWidth)
    const percent = share === null ? '' : ` ${Math.floor(share * 100)} % `
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
    process.stderr.write(`\r\u001b[K${share === null ? '' : bar}${percent} ${text}`.replace('K ', 'K'))
    this.#hasBar = true
  }
}
