/** Which topics hold signed records, and who signs them. */
import { topics } from '../../../topology.ts'

/**
 * A key pair for each. records: what steers the pipeline, signed by control and by commands. requests: what stages ask control to
 * change, signed by those stages.
 */
export const signingPurposes = ['records', 'requests'] as const
export type SigningPurpose = (typeof signingPurposes)[number]

const purposes: ReadonlyMap<string, SigningPurpose> = new Map<string, SigningPurpose>([
  [topics.connections.name, 'records'],
  [topics.keywordLists.name, 'records'],
  [topics.ruleSets.name, 'records'],
  [topics.tokens.name, 'records'],
  [topics.dataSecrets.name, 'records'],
  [topics.suppressions.name, 'records'],
  [topics.connectionRequests.name, 'requests'],
])

export const signedTopics: readonly string[] = [...purposes.keys()]

/** undefined: records of this topic are not signed. */
export const signingPurposeOf = (topic: string): SigningPurpose | undefined => purposes.get(topic)

/**
 * Topics that held records without signatures while others were signed already. Such a record counts until a latch names the topic: an
 * upgrade must not lift the mark of a person who was forgotten.
 */
export const signedLater: ReadonlySet<string> = new Set([topics.suppressions.name])
