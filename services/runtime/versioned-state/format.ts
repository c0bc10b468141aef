/** What all packed states begin with: format and flags (1), version (2, big-endian). The scripts compare versions without unpacking. */

/** The two highest bits of the first byte. */
export const format = 0x40
export const formatMask = 0xc0

/** Higher versions are stored as this one. */
export const maxVersion = 0xffff
/** Byte offset of the version in a packed state. */
export const versionAt = 1
export const headerBytes = 3

/** A state that counts its changes: of two records of a conversation the higher version is the newer. */
export interface VersionedState {
  readonly version: number
}

/** How the states of one kind are kept in Redis. */
export interface StateFormat<State extends VersionedState> {
  /** In the names of the markers. */
  readonly name: string
  /** Between the part and the pseudonym in a key, so that kinds do not share keys; may be empty for one kind. */
  readonly infix: string
  /** Begins with the header above. */
  pack(state: State): Buffer
  /** null: the bytes have another format. */
  unpack(bytes: Buffer): State | null
}
