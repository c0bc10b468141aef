/** Compiles a mapping document to a source: closures only, so that nothing is interpreted per delivery. */
import { DeliveryUnreadable, type MappingResult, type RawDelivery, type Source } from '../source.ts'
import { compileAccounts } from './delivery/accounts.ts'
import { ParsedBody } from './delivery/body.ts'
import { compileHandshake } from './delivery/handshake.ts'
import { compileSignature } from './delivery/signature.ts'
import type { MappingDocument } from './language/document.ts'
import { within, withinEach } from './language/problem.ts'
import type { MappingOutput } from './names.ts'
import type { Observer } from './observer.ts'
import { compileRules } from './rules.ts'
import { type Frame, Scope } from './scope.ts'
import { compileCondition } from './values/values.ts'

const noKeys = () => []

/**
 * @param observer is called for all that the mapping reads; for one delivery at a time
 * @throws MappingProblem
 */
export const compileMapping = (document: MappingDocument, observer?: Observer): Source => {
  const { source, recognise, otherwise } = document
  const scope = Scope.root(observer, document.zeroIsAbsent)
  const recognised = within('recognise', () => compileCondition(recognise, scope))
  const refusals = withinEach('refuse', document.refuse, ({ when, because }) => ({
    holds: within('when', () => compileCondition(when, scope)),
    because,
  }))
  const apply = compileRules(document.rules, document.choose, scope, { source, name: 'rules', position: ['rules'] })
  const accounts = within('accounts', () =>
    compileAccounts(document.accounts, Scope.root(undefined, document.zeroIsAbsent)),
  )
  const signatures = Array.isArray(document.signature) ? document.signature : [document.signature]
  const frameOf = ({ account, headers }: RawDelivery, body: unknown): Frame => scope.frame(body, headers, { account })
  const parse = ({ body, contentType }: RawDelivery) => new ParsedBody(body, contentType, document.contentTypes)
  const signature = within('signature', () => compileSignature(signatures))
  const { status, contentType, body, deadlineSeconds } = document.answer

  const map = (delivery: RawDelivery): MappingResult => {
    const { outcomeKeysOf = noKeys } = delivery
    const parsed = parse(delivery).value()
    observer?.parsed(parsed)
    const frame = frameOf(delivery, parsed)
    if (!recognised(frame)) {
      const refusal = refusals.find(({ holds }) => holds(frame))
      throw new DeliveryUnreadable(refusal?.because ?? 'the body is not a delivery of this source')
    }
    const out: MappingOutput = { events: [], ignored: [], failed: [], removed: [], joined: [], items: 0, outcomeKeysOf }
    if (apply(frame, delivery.receivedAt, out) === 0) {
      out.ignored.push(otherwise)
      observer?.applied('otherwise', ['otherwise'], { became: 'ignored', reason: otherwise })
    }
    const { events, ignored, failed, removed, joined } = out
    return {
      events,
      ignored,
      failed,
      ...(removed.length === 0 ? {} : { removed }),
      ...(joined.length === 0 ? {} : { joined }),
    }
  }

  return {
    name: source,
    version: document.version,
    contentTypes: document.contentTypes,
    storedHeaders: document.storedHeaders,
    signed: signatures.every(({ algorithm }) => algorithm !== 'none'),
    signature: JSON.stringify(signatures),
    separateReferrals: document.separateReferrals,
    messagingApp: document.messagingApp,
    messageIdIsChannels: document.messageIdIsChannels,
    answer: { status, contentType, body },
    deadlineMs: deadlineSeconds * 1000,
    handshake: compileHandshake(document.handshake),
    parse,

    proofIn: signature.proofIn,
    verify: (delivery, secrets, extra, parsed = parse(delivery)) => signature.verify(delivery, secrets, extra, parsed),

    map(delivery) {
      try {
        return map(delivery)
      } catch (error) {
        if (error instanceof DeliveryUnreadable) throw error
        // Endless nesting, or a bug in the interpreter: one delivery must not stop those behind it.
        throw new DeliveryUnreadable('the body cannot be read by the mapping of this source')
      }
    },

    accountsOf(delivery, parsed = parse(delivery)) {
      if (document.accounts.length === 0) return []
      // Of a hostile or broken body only the headers are left; the signature will judge it.
      return accounts.read(frameOf(delivery, parsed.valueOrNull()))
    },

    bodyOf(account, delivery, parsed = parse(delivery)) {
      const whole = parsed.valueOrNull()
      const part = accounts.partOf(whole, account)
      if (part === whole) return delivery.body
      try {
        return Buffer.from(JSON.stringify(part))
      } catch {
        // JSON.stringify recurses.
        throw new DeliveryUnreadable('the body is nested too deeply to be divided by account')
      }
    },
  }
}
