/** A limit refuses the version; the active one stays. */
export class VersionRefused extends Error {
  override readonly name = 'VersionRefused'
  /** A person who has checked the list may have it made all the same. */
  readonly isDoubt: boolean
  constructor(message: string, isDoubt = false) {
    super(message)
    this.isDoubt = isDoubt
  }
}
