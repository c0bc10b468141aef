/** Webhook deliveries as a source sends them, and the result of mapping them. */
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { mappingFolder } from '../../services/shared/sources/folder.ts'
import {
  type MappingResult,
  parseMapping,
  type RawDelivery,
  type Source,
  type SourceRegistry,
  shippedFolder,
} from '../../services/shared/sources/index.ts'
import { noon } from './builders.ts'

const files = mappingFolder(shippedFolder)
const fileNames = new Map(files.list().map(({ file }) => [file.replace(/\.ya?ml$/, ''), file]))
const compiled = new Map<string, Source>()

/** The shipped sources. Each is compiled when a test first needs it: most tests need one, and all take a third of a second. */
export const sources: SourceRegistry = {
  names: () => [...fileNames.keys()],
  get: (name) => {
    const file = fileNames.get(name)
    if (file === undefined) return undefined
    const source = compiled.get(name) ?? parseMapping(files.read(file), file)
    compiled.set(name, source)
    return source
  },
}

export const sourceNamed = (name: string): Source => {
  const found = sources.get(name)
  if (!found) throw new Error(`no mapping ${name}`)
  return found
}

export const deliveryOf = (name: string, body: string | object, fields: Partial<RawDelivery> = {}): RawDelivery => ({
  source: name,
  account: 'account-1',
  headers: {},
  contentType: 'application/json',
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  receivedAt: noon,
  ...fields,
})

export const mapped = (name: string, body: string | object, fields: Partial<RawDelivery> = {}): MappingResult =>
  sourceNamed(name).map(deliveryOf(name, body, fields))

/** The event of a delivery with exactly one item. @throws Error for any other result */
export const theOnly = (name: string, body: string | object, fields: Partial<RawDelivery> = {}): MessageEvent => {
  const { events, ignored, failed } = mapped(name, body, fields)
  if (events.length !== 1 || ignored.length + failed.length > 0)
    throw new Error(`not one event: ${JSON.stringify({ events: events.length, ignored, failed })}`)
  return events[0] as MessageEvent
}
