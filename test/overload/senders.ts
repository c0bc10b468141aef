/** Live advertisers, whose sources deliver again what was not accepted, and one whose source floods. */
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { atRate, type HttpAnswer, type HttpLoad } from '../support/http-load.ts'
import type { Ledger } from './ledger.ts'

export const liveAccounts = Array.from({ length: 20 }, (_, n) => `20440000000${String(n).padStart(4, '0')}`)
export const hotAccount = '204400000099999'
export const eventSetOf = (account: string) => `set-${account}`

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export interface Seen {
  readonly answers: Map<number, number>
  /** Of the first try of each message, ms. */
  readonly times: number[]
  /** Answers 503 without Retry-After. */
  lacking: number
}
const nothingSeen = (): Seen => ({ answers: new Map(), times: [], lacking: 0 })

export class Senders {
  readonly #loads: { readonly live: HttpLoad; readonly hot: HttpLoad }
  readonly #ledger: Ledger
  /** Second of the next message, by account. */
  readonly #next = new Map<string, number>()
  readonly #begin: number
  live = nothingSeen()
  hot = nothingSeen()
  /** Of live accounts, that are still to be accepted. */
  waiting = 0

  /** @param begin second of the first message of each account */
  constructor(loads: { readonly live: HttpLoad; readonly hot: HttpLoad }, ledger: Ledger, begin: number) {
    this.#loads = loads
    this.#ledger = ledger
    this.#begin = begin
  }

  forget(): void {
    this.live = nothingSeen()
    this.hot = nothingSeen()
  }

  #message(account: string, conversations: number) {
    const time = this.#next.get(account) ?? this.#begin
    this.#next.set(account, time + 1)
    const n = time - this.#begin
    const phone = `52155${String(n % conversations).padStart(8, '0')}`
    const request = whatsappText(phone, `wamid.${account}.${n}`, 'listo, ya hice el pago', time * 1_000, account)
    this.#ledger.offered(eventSetOf(account), time)
    return { time, request }
  }

  #note(seen: Seen, { status, retryAfter }: HttpAnswer) {
    seen.answers.set(status, (seen.answers.get(status) ?? 0) + 1)
    if (status === 503 && retryAfter === null) seen.lacking++
  }

  async postLive(account: string): Promise<void> {
    const { time, request } = this.#message(account, 200)
    const { live } = this
    this.waiting++
    for (let isFirst = true; ; isFirst = false) {
      const answer = await this.#loads.live.post(request)
      this.#note(live, answer)
      if (isFirst) live.times.push(answer.ms)
      if (answer.status === 200) break
      await sleep((answer.retryAfter ?? 1) * 1_000)
    }
    this.waiting--
    this.#ledger.accepted(eventSetOf(account), time)
  }

  /** Is not sent again: the next is there already. */
  async postHot(): Promise<void> {
    const { time, request } = this.#message(hotAccount, 5_000)
    const { hot } = this
    const answer = await this.#loads.hot.post(request)
    this.#note(hot, answer)
    hot.times.push(answer.ms)
    if (answer.status === 200) this.#ledger.accepted(eventSetOf(hotAccount), time)
    else if (answer.status !== 0) this.#ledger.refused(eventSetOf(hotAccount), time)
  }

  /** @param perSecond messages of all live accounts together */
  async liveAtRate(perSecond: number, isOver: () => boolean): Promise<void> {
    let n = 0
    await atRate(perSecond, isOver, () => void this.postLive(liveAccounts[n++ % liveAccounts.length] as string))
    while (this.waiting > 0) await sleep(20)
  }

  async hotAtRate(perSecond: number, isOver: () => boolean): Promise<void> {
    await atRate(perSecond, isOver, () => void this.postHot())
  }
}
