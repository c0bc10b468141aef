/** Schemas of `/admin/v1/report`, `/admin/v1/explain` and `/admin/v1/connections/ID/activity`. */
import { connectionStatuses } from '../../services/shared/model/connection-record.ts'
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { count, counts, list, nullable, object, ref, text, time } from './schema-parts.ts'

export const schemasOfInsight: Readonly<Record<string, JsonSchema>> = {
  ExplainedEvent: object({
    ...{ receivedAt: time, delivery: text, source: text, kind: nullable(text), message: nullable(text) },
    outcome: { enum: ['let_in', 'dropped', 'dead_letter', 'quarantined'] },
    reason: nullable(text),
  }),
  ExplainedSignal: object({ signalId: text, kind: text, event: nullable(text), flags: list(text), occurredAt: time }),
  ExplainedMessage: object({
    ...{ occurredAt: time, receivedAt: time, message: text, kind: text, direction: text, sender: text },
    attribution: nullable(
      object({ trackingId: nullable(text), origin: text, startsConversation: { type: 'boolean' } }),
    ),
    signals: list(ref('ExplainedSignal')),
    reason: nullable(text),
    waitsUntil: nullable(time),
  }),
  ReportRow: {
    ...object({
      ...{ day: text, connectionId: text, conversationsByOrigin: counts },
      shareWithTrackingId: nullable({ type: 'number', description: '0 to 1; null: there is no conversation' }),
      keywordsByFlag: counts,
      orders: count,
      outcomes: {
        type: 'object',
        description: 'by event; values are exact decimals, by currency',
        additionalProperties: object({
          count,
          values: { type: 'object', additionalProperties: text },
        }),
      },
      ...{ sent: count, accepted: count, duplicate: count, rejectedByCode: counts },
      ...{ expired: count, withheld: count, counted: count, waiting: count },
    }),
    description: 'settled figures add up to `deliveries.v1`; `waiting` is as of now',
  },
  ReportedSignal: object({
    ...{ kind: text, event: nullable(text), outcome: text, code: nullable({ type: 'integer' }), settledAt: time },
  }),
  ConnectionActivity: {
    ...object({
      events: nullable(object({ since: time, lastByHttp: nullable(time), lastByKafka: nullable(time) })),
      ...{ firstSignalAt: nullable(time), lastSignal: nullable(ref('ReportedSignal')) },
      ...{ lastTestEvent: nullable(ref('ReportedSignal')), starts: count, startsWithTrackingId: count },
      refused: list(ref('RefusedDeliveries')),
    }),
    description:
      'events: of a week, last times to the hour, null where none is known; signals: of 30 days, test events apart; starts: of seven days',
  },
  ExplainRequest: {
    ...object(
      {
        connectionId: text,
        conversationId: { ...text, description: "the source's own id" },
        messageId: { ...text, description: "of a message of the conversation, by the source's own id" },
        from: { ...time, description: 'only what the topics took from then on, ms' },
        to: { ...time, description: 'only messages that the topics took before, ms' },
        showText: { type: 'boolean', description: "needs the role admin; noted in the connection's history" },
      },
      ['conversationId', 'messageId', 'from', 'to', 'showText'],
    ),
    oneOf: [{ required: ['conversationId'] }, { required: ['messageId'] }],
    additionalProperties: false,
  },
  Explanation: {
    ...object({
      ...{ connectionId: text, status: { enum: [...connectionStatuses] }, source: text },
      ...{ conversation: nullable(text), aliases: list(text), isForgotten: { type: 'boolean' } },
      quarantine: nullable(object({ since: time, why: text })),
      ...{ received: list(ref('ExplainedEvent')), messages: list(ref('ExplainedMessage')) },
      ...{
        otherSignals: list(ref('ExplainedSignal')),
        gaps: { type: 'object' },
        unconnected: list({ type: 'object' }),
      },
    }),
    description: 'docs/explain.md; times are ms',
  },
}
