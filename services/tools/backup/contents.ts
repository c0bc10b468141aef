/** Which topics a backup holds, and why not the others. Pure. */
import { allTopics } from '../../derived-topics.ts'
import type { TopicSpec } from '../../topic-spec.ts'
import { topics } from '../../topology.ts'

/** Appended to for years, and compacted never: who may report for whom, and who did what. */
const journals: ReadonlySet<string> = new Set([topics.connectionHistory.name, topics.audit.name])

/** Marks of forgotten persons come last, so that a backup that was made during `signals forget` has them rather than the state. */
const last: ReadonlySet<string> = new Set([topics.suppressions.name])

const isHeld = ({ cleanup, name }: TopicSpec): boolean => cleanup.includes('compact') || journals.has(name)

/** Everything compacted and the two journals. Flow topics pass on within seconds, and a copy of them would be old at once. */
export const backedUpTopics: readonly TopicSpec[] = [
  ...allTopics.filter((spec) => isHeld(spec) && !last.has(spec.name)),
  ...allTopics.filter(({ name }) => last.has(name)),
]

/** A record that is written twice stays twice there: nothing compacts it. */
export const isJournal = (topic: string): boolean => journals.has(topic)
