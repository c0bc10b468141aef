/**
 * Bounds the bytes of unfinished bodies: of the process, of a source, and of an account in the address. Many slow senders, each below
 * its own limit, would fill the memory.
 *
 * At a limit the body that has been unfinished for longest is given up, not the one that arrives. An honest body is complete within
 * milliseconds, so a sender that holds bodies open loses its own.
 */

/** Bytes. */
export interface BodyLimits {
  readonly process: number
  readonly source: number
  readonly account: number
}

const mebibytes = (n: number) => n * 1_048_576

export const bodyLimits: BodyLimits = { process: mebibytes(256), source: mebibytes(64), account: mebibytes(16) }

export interface PendingBody {
  bytes: number
  readonly groups: readonly Group[]
  /** Ends the request; it closes the body. */
  readonly giveUp: () => void
}

interface Group {
  readonly name: string
  readonly limit: number
  bytes: number
  /** Oldest first. */
  readonly bodies: Set<PendingBody>
}

export class PendingBodies {
  readonly #limits: BodyLimits
  readonly #groups = new Map<string, Group>()

  constructor(limits: BodyLimits = bodyLimits) {
    this.#limits = limits
  }

  /** Bytes of all unfinished bodies. */
  get bytes(): number {
    return this.#groups.get('')?.bytes ?? 0
  }

  /** @param giveUp called when the body must make room; it must call `close` */
  open(source: string, account: string | null, giveUp: () => void): PendingBody {
    // The narrowest first: a sender beyond its own limit makes room before another must.
    const groups = [this.#group(source, this.#limits.source), this.#group('', this.#limits.process)]
    if (account !== null) groups.unshift(this.#group(`${source}\n${account}`, this.#limits.account))
    const body: PendingBody = { bytes: 0, groups, giveUp }
    for (const { bodies } of groups) bodies.add(body)
    return body
  }

  /** Counts bytes of a body that arrived. May give up others, and this one when it is the oldest. */
  grow(body: PendingBody, bytes: number): void {
    body.bytes += bytes
    for (const group of body.groups) group.bytes += bytes
    for (const group of body.groups) {
      for (const oldest of group.bodies) {
        if (group.bytes <= group.limit) break
        if (oldest.bytes > 0) oldest.giveUp()
      }
    }
  }

  close(body: PendingBody): void {
    for (const group of body.groups) {
      if (!group.bodies.delete(body)) continue
      group.bytes -= body.bytes
      if (group.bodies.size === 0) this.#groups.delete(group.name)
    }
  }

  #group(name: string, limit: number): Group {
    let group = this.#groups.get(name)
    if (!group) {
      group = { name, limit, bytes: 0, bodies: new Set() }
      this.#groups.set(name, group)
    }
    return group
  }
}
