/** The free-form parts of a message. Ingest seals them; only attribution and keywords open them. */
import avro from 'avsc'
import { latestSchema } from '../../../schemas/index.ts'
import type { Referral } from '../../shared/model/message-event.ts'
import type { ReportedOutcome } from '../../shared/model/outcomes/reported-outcome.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { SealingKey } from './keyring.ts'

export interface Content {
  readonly text: string | null
  readonly links: readonly string[]
  readonly referral: Referral | null
}

const type = avro.Type.forSchema(JSON.parse(latestSchema('content')))

export const sealContent = (content: Content, key: SealingKey, message: Pseudonym): Buffer =>
  key.seal(type.toBuffer(content), message)

/** @throws SealBroken when another key sealed it, or as the content of another message */
export const openContent = (sealed: Buffer, key: SealingKey, message: Pseudonym): Content =>
  type.fromBuffer(key.open(sealed, message)) as Content

const outcomeType = avro.Type.forSchema(JSON.parse(latestSchema('reported-outcome')))

/** Sealed apart from the content, which stages of an older version open too. */
const outcomeContext = (message: Pseudonym) => `outcome:${message}`

export const sealOutcome = (outcome: ReportedOutcome, key: SealingKey, message: Pseudonym): Buffer =>
  key.seal(outcomeType.toBuffer(outcome), outcomeContext(message))

/** @throws SealBroken as `openContent` */
export const openOutcome = (sealed: Buffer, key: SealingKey, message: Pseudonym): ReportedOutcome =>
  outcomeType.fromBuffer(key.open(sealed, outcomeContext(message))) as ReportedOutcome
