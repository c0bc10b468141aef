/** A mapping document to a source, once: closures all the way down. */
import { DeliveryUnreadable, type RawDelivery, type Source } from '../source.ts'
import { parseJson, readBody } from './body.ts'
import type { MappingDocument } from './document.ts'
import { compileHandshake } from './handshake.ts'
import { compileRules, type Yield } from './rules.ts'
import { compilePath, type Scope } from './scope.ts'
import { compileSignature } from './signature.ts'
import { asText, compileCondition } from './values.ts'

/** `body.entry[].id` → all values found. */
const compileAccounts = (path: string): ((scope: Scope) => string[]) => {
  const steps = path.split('[].')
  return (scope) => {
    let found: unknown[] = [scope]
    steps.forEach((step, at) => {
      const isLast = at === steps.length - 1
      const read = compilePath(at === 0 ? step : `item.${step}`)
      found = found.flatMap((value): unknown[] => {
        const next = read(at === 0 ? (value as Scope) : { item: value })
        return isLast ? [next] : Array.isArray(next) ? next.slice(0, 100) : []
      })
    })
    return found.flatMap((value) => asText(value) ?? [])
  }
}

const scopeOf = ({ account, headers }: RawDelivery, body: unknown): Scope => ({ body, headers, delivery: { account } })

export const compileMapping = (document: MappingDocument): Source => {
  const { source, recognise, otherwise } = document
  const recognised = compileCondition(recognise)
  const apply = compileRules(source, document.rules, document.choose, 'rules')
  const accounts = document.accounts.map(compileAccounts)
  const signatures = Array.isArray(document.signature) ? document.signature : [document.signature]
  return {
    name: source,
    version: document.version,
    contentTypes: document.contentTypes,
    storedHeaders: document.storedHeaders,
    signed: signatures.every(({ algorithm }) => algorithm !== 'none'),
    separateReferrals: document.separateReferrals,
    messageIdIsChannels: document.messageIdIsChannels,
    answer: document.answer,
    verify: compileSignature(signatures),
    handshake: compileHandshake(document.handshake),

    map(delivery) {
      const scope = scopeOf(delivery, readBody(delivery.body, delivery.contentType))
      if (!recognised(scope)) throw new DeliveryUnreadable('the body is not a delivery of this source')
      const out: Yield = { events: [], ignored: [], failed: [] }
      if (apply(scope, delivery.receivedAt, out) === 0) out.ignored.push(otherwise)
      return out
    },

    accountsOf(delivery) {
      let body: unknown = null
      try {
        // Form bodies name no account that a connection could have a secret for.
        body = parseJson(delivery.body.toString('utf8'))
      } catch {
        // Hostile or broken: the headers may still tell, and the signature will judge it.
      }
      const scope = scopeOf(delivery, body)
      return [...new Set(accounts.flatMap((read) => read(scope)))]
    },
  }
}
