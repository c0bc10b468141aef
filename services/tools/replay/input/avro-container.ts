/** Checks an Avro container before a run decides anything: an unusable file is refused as a whole. */
import { closeSync, openSync, readSync } from 'node:fs'
import avro from 'avsc'

/** The file cannot be read, or is not the file that the run began with. */
export class FileUnusable extends Error {
  override readonly name = 'FileUnusable'
}

export const isAvro = (path: string) => path.endsWith('.avro')

const syncBytes = 16
const codecs = ['null', 'deflate']

interface Header {
  readonly meta: Readonly<Record<string, Buffer>>
  readonly sync: Buffer
}

const headerOf = (path: string): Header | null => {
  try {
    return avro.extractFileHeader(path, { decode: false }) as Header | null
  } catch {
    return null
  }
}

const lastBytes = (path: string, bytes: number): Buffer => {
  const last = Buffer.alloc(syncBytes)
  const file = openSync(path, 'r')
  try {
    readSync(file, last, 0, syncBytes, Math.max(0, bytes - syncBytes))
  } finally {
    closeSync(file)
  }
  return last
}

/** Detects a truncated container, which the decoder would read as a complete shorter one. @throws FileUnusable */
export const checkContainer = (path: string, bytes: number): void => {
  const header = headerOf(path)
  if (!header) throw new FileUnusable(`${path} is not an Avro container of message events`)
  const codec = header.meta['avro.codec']?.toString() ?? 'null'
  if (!codecs.includes(codec))
    throw new FileUnusable(`${path} is compressed by ${codec}: export it with the codec deflate or null, or as NDJSON`)
  if (!lastBytes(path, bytes).equals(header.sync)) throw new FileUnusable(`${path} is cut off: export or copy it again`)
}

/** Reading or decoding the file failed, not the processing of its items. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/** Wraps errors of the file, so that the caller can tell them from errors of its own loop body. @throws Unreadable */
export async function* readable(items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await iterator.next().catch((cause: unknown) => {
        throw new Unreadable('the file cannot be decoded', { cause })
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}
