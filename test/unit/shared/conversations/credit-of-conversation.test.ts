import { creditOfConversation } from '../../../../services/shared/conversations/credit-of-conversation.ts'
import { type ConversationState, emptyState } from '../../../../services/shared/conversations/state.ts'
import type { Provenance, Touch } from '../../../../services/shared/model/topic-values.ts'
import { noon } from '../../../support/builders.ts'

const dayMs = 86_400_000
const week = 7 * dayMs
const touch = (occurredAt: number, trackingId = `id-${occurredAt}`): Touch => ({
  ...{ occurredAt, trackingId, message: null, within: 0 },
})
const came = (occurredAt: number, source: Provenance['source'], adId: string | null = null): Provenance => ({
  ...{ occurredAt, source, adId },
})
const started = (fields: Partial<ConversationState> = {}): ConversationState => ({
  ...emptyState,
  startedBy: '000000000001',
  startedAt: noon,
  lastAt: noon,
  ...fields,
})

describe('what a conversation is credited with', () => {
  it.each<[string, ConversationState, object | null]>([
    ['that nothing started', { ...emptyState, touches: [touch(noon)] }, null],
    ['without a touch', started(), { startedAt: noon, origin: 'none', trackingId: null, adId: null, touchedAt: null }],
    [
      'that an ad started',
      started({ touches: [touch(noon - 5, 'click')], origins: [came(noon - 5, 'tiktok_ad', '17')] }),
      { startedAt: noon, origin: 'tiktok_ad', trackingId: 'click', adId: '17', touchedAt: noon - 5 },
    ],
    [
      'that an ad of another system started',
      started({ origins: [came(noon, 'meta_ad', '99')] }),
      { startedAt: noon, origin: 'meta_ad', trackingId: null, adId: '99', touchedAt: noon },
    ],
    [
      'whose touch is from before origins were kept',
      started({ touches: [touch(noon, 'click')] }),
      { startedAt: noon, origin: 'other', trackingId: 'click', adId: null, touchedAt: noon },
    ],
    [
      'with a touch after the last message',
      started({ touches: [touch(noon, 'first'), touch(noon + dayMs, 'second')] }),
      { startedAt: noon, origin: 'other', trackingId: 'second', adId: null, touchedAt: noon + dayMs },
    ],
    [
      'whose touch is out of the window by its last message',
      started({ touches: [touch(noon, 'click')], lastAt: noon + week + 1 }),
      { startedAt: noon, origin: 'none', trackingId: null, adId: null, touchedAt: null },
    ],
    [
      'that started again',
      started({ restarts: [{ message: '000000000002', occurredAt: noon + 30 * dayMs }] }),
      { startedAt: noon + 30 * dayMs, origin: 'none', trackingId: null, adId: null, touchedAt: null },
    ],
    [
      'whose touch holds what may not be reported',
      started({ touches: [touch(noon, 'two words')] }),
      { startedAt: noon, origin: 'other', trackingId: null, adId: null, touchedAt: noon },
    ],
  ])('%s', (_name, state, expected) => {
    expect(creditOfConversation(state, week)).toEqual(expected)
  })
})
