import { relevance } from '../../../../services/tools/explain/ingest/relevant-records.ts'
import { connectionRecord, consumedRecord, testEnvelopes, testKeyring } from '../../../support/builders.ts'

const isRelevant = async (messageId: string, body: string) => {
  const keyring = await testKeyring()
  const connection = connectionRecord()
  const judge = relevance(
    connection,
    { conversationId: null, messageId },
    testEnvelopes(keyring, () => connection),
  )
  return judge(consumedRecord({ value: Buffer.from(body) }))
}

test.each([
  ['wamid.HBgM01', '{"id":"wamid.HBgM01"}', true],
  // Each delivery of WhatsApp has the longest part of such an id.
  ['wamid.none', '{"id":"wamid.HBgM01"}', false],
  ['wamid.HBgM0==', '{"id":"wamid.HBgM0="}', true],
  ['m_1.2', '{"mid":"m_1.3"}', false],
])('a search for %s takes %s: %s', async (messageId, body, expected) => {
  expect(await isRelevant(messageId, body)).toBe(expected)
})
