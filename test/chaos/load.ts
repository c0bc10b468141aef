/** Sources that deliver what people write: in order for each person, again until the gateway accepts it, and some of it twice. */
import type { ChaosPerson, Delivery } from './people.ts'

/** A source gives a request up after this long, and sends it again: the gateway may have stored it. */
const timeoutMs = 10_000
const pauseMs = 250
/** A source with this many people on their way waits, as long as the gateway is away. */
const maxUnderWay = 400
/** Every so many deliveries come once more. */
const copyEach = 17
const copyAfterMs = 4_000

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class Load {
  readonly #gateway: () => string
  /** Time from the first try to the answer 200, ms. */
  readonly acceptedAfter: number[] = []
  /** Answers by status; 0: none. */
  readonly answers = new Map<number, number>()
  people = 0
  deliveries = 0
  copies = 0
  #underWay = new Set<Promise<void>>()

  readonly #onReferral: (person: ChaosPerson, ms: number) => void

  /**
   * @param gateway its address, which may change
   * @param onReferral a referral was accepted so long after the first try of the person's first delivery, ms
   */
  constructor(gateway: () => string, onReferral: (person: ChaosPerson, ms: number) => void) {
    this.#gateway = gateway
    this.#onReferral = onReferral
  }

  /**
   * @param people in the order in which they begin to write @param perSecond people a second
   * @returns once everything is accepted
   */
  async run(people: Iterable<ChaosPerson>, perSecond: number): Promise<void> {
    let due = performance.now()
    for (const person of people) {
      due = Math.max(due + 1_000 / perSecond, performance.now() - 1_000)
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      while (this.#underWay.size >= maxUnderWay) await Promise.race(this.#underWay)
      this.people++
      this.#track(this.#write(person))
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #track(work: Promise<void>) {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  async #write(person: ChaosPerson): Promise<void> {
    const begin = performance.now()
    for (const delivery of person.deliveries) {
      if (delivery.afterMs > 0) await sleep(delivery.afterMs)
      const started = performance.now()
      await this.#untilAccepted(delivery)
      this.acceptedAfter.push(performance.now() - started)
      if (delivery.isReferral) this.#onReferral(person, performance.now() - begin)
      if (++this.deliveries % copyEach !== 0) continue
      this.copies++
      this.#track(sleep(copyAfterMs).then(() => this.#untilAccepted(delivery)))
    }
  }

  async #untilAccepted(delivery: Delivery): Promise<void> {
    while ((await this.#post(delivery)) !== 200) await sleep(pauseMs)
  }

  async #post({ request }: Delivery): Promise<number> {
    const { path, headers, body } = request()
    const signal = AbortSignal.timeout(timeoutMs)
    let status = 0
    try {
      const response = await fetch(`${this.#gateway()}${path}`, { method: 'POST', headers, body, signal })
      await response.arrayBuffer()
      status = response.status
    } catch {
      // The gateway is away, or answers too late.
    }
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
    return status
  }
}
