/**
 * The conversation in which each contact wrote last. Some sources give a label to a contact, not to a thread; ingest gives it to that
 * conversation. Lost notes come back with the contact's next message; until then such a label is ignored.
 */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'
import { ScriptSlots } from '../../runtime/script-slots.ts'
import { type Channel, channels } from '../../shared/model/message-event.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'

/** As long as conversations are kept at most. */
const ttlSeconds = 40 * 86_400

export interface ContactNote {
  /** Keyed hash of source, account, consent and contact: 32 hex digits. */
  readonly contact: string
  readonly conversation: Pseudonym
  readonly channel: Channel
  /** ms */
  readonly at: number
}

export type ContactThread = Pick<ContactNote, 'conversation' | 'channel'>

export interface ContactThreads {
  /** Keeps of each contact the latest note. @throws DependencyError */
  note(notes: readonly ContactNote[]): Promise<void>
  /** In the order of the contacts; null: none is known. @throws DependencyError */
  find(contacts: readonly string[]): Promise<readonly (ContactThread | null)[]>
}

const timeBytes = 6
const idBytes = 16

/** The time leads, so that the script compares values as they are. */
const encode = ({ conversation, channel, at }: ContactNote): Buffer => {
  const bytes = Buffer.alloc(timeBytes + idBytes + 1)
  bytes.writeUIntBE(at, 0, timeBytes)
  bytes.write(conversation, timeBytes, idBytes, 'hex')
  bytes[timeBytes + idBytes] = channels.indexOf(channel)
  return bytes
}

const decode = (bytes: Buffer): ContactThread => ({
  conversation: bytes.toString('hex', timeBytes, timeBytes + idBytes),
  channel: channels[bytes[timeBytes + idBytes] ?? -1] ?? 'other',
})

/**
 * ARGV: time to live, then a value for each key. A later stored value stays. Byte by byte, since Lua compares texts by the locale in which
 * Redis was started.
 */
const noteScript: RedisScript = {
  name: 'noteContacts',
  source: `
local function isBefore(one, other)
  for at = 1, math.min(#one, #other) do
    local a, b = string.byte(one, at), string.byte(other, at)
    if a ~= b then return a < b end
  end
  return #one < #other
end
for i, key in ipairs(KEYS) do
  local stored = redis.call('GET', key)
  if not stored or isBefore(stored, ARGV[i + 1]) then redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end
end
return 1`,
}

const tagOf = (contact: string) => contact[0] as string
const keyOf = (contact: string) => `{${tagOf(contact)}}contact:${contact.slice(0, 22)}`

export const openContactThreads = (
  redis: Pick<RedisCommands, 'getMany' | 'evalMany' | 'isCluster'>,
): ContactThreads => {
  const slots = new ScriptSlots(redis)
  return {
    note: async (notes) => {
      if (notes.length === 0) return
      await slots.run((areApart) => {
        const groups = areApart ? [...Map.groupBy(notes, ({ contact }) => tagOf(contact)).values()] : [notes]
        const calls = groups.map((own) => ({
          keys: own.map(({ contact }) => keyOf(contact)),
          args: [ttlSeconds, ...own.map(encode)],
        }))
        return redis.evalMany(noteScript, calls)
      })
    },
    find: async (contacts) =>
      (await redis.getMany(contacts.map(keyOf))).map((value) => (value === null ? null : decode(value))),
  }
}

/** For a replay: the notes of its own messages on top of those of live traffic. It writes none. */
export const contactOverlay = (live: Pick<ContactThreads, 'find'>): ContactThreads => {
  const own = new Map<string, ContactNote>()
  return {
    note: async (notes) => {
      for (const note of notes) if ((own.get(note.contact)?.at ?? 0) <= note.at) own.set(note.contact, note)
    },
    find: async (contacts) => {
      const found = await live.find(contacts)
      return contacts.map((contact, at) => own.get(contact) ?? found[at] ?? null)
    },
  }
}
