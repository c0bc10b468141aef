import { hasId } from '../../../../services/tools/dead-letters/select.ts'

const found = {
  id: 'channel-events.ingest.dead.v1/1/20',
  stage: 'ingest',
  place: { topic: 'channel-events.ingest.dead.v1', partition: 1, offset: 20n },
  originId: 'channel-events.v1/3/4711',
} as Parameters<typeof hasId>[0]

describe('the id of a dead letter', () => {
  it.each([
    ['its own place', 'channel-events.ingest.dead.v1/1/20', true],
    ['its stage and place', 'ingest/1/20', true],
    ['the place of the original, as its producer knows it', 'channel-events.v1/3/4711', true],
    ['the place of another original', 'channel-events.v1/3/4712', false],
    ['another stage', 'keywords/1/20', false],
  ])('may be %s', (_name, id, expected) => expect(hasId(found, id)).toBe(expected))
})
