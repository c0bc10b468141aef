/** Writes a command's entry to the audit trail before the command does its work. */
import { appendAudit } from '../shared/audit/audit.ts'
import { actor } from './actor.ts'
import type { CliContext } from './context.ts'

const maxTarget = 200

/**
 * @param action such as `keywords.import`
 * @param target our own id of what it is done to
 * @throws DependencyError: work without an entry does not happen
 */
export const audited = async (context: CliContext, action: string, target: string | null = null): Promise<void> => {
  const codec = await context.codec()
  const producer = await context.broker().producer()
  try {
    await appendAudit(producer, codec, {
      at: Date.now(),
      actor: actor(),
      via: 'cli',
      action,
      target: target?.slice(0, maxTarget) ?? null,
      tenant: null,
      outcome: 'allowed',
      note: null,
    })
  } finally {
    await producer.close()
  }
}
