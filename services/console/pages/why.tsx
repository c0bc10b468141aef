/** Why something was or was not reported: what was decided about one conversation, in the order of time. */
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../api/operations.ts'
import { useChange } from '../api/queries.ts'
import { momentText } from '../format.ts'
import { State } from '../parts/state.tsx'
import { Choice } from './connections.tsx'

type Explanation = ApiSchemas['Explanation']
type Message = ApiSchemas['ExplainedMessage']
type Event = ApiSchemas['ExplainedEvent']

const signalText = ({ event, kind, flags }: ApiSchemas['ExplainedSignal']) =>
  `${event ?? kind}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`

const eventTexts: Readonly<Record<Event['outcome'], string>> = {
  let_in: 'taken on',
  dropped: 'dropped',
  dead_letter: 'a dead letter',
  quarantined: 'put aside: the account is in quarantine',
}

const ReceivedEvent = ({ event }: { event: Event }) => (
  <li>
    <time dateTime={new Date(event.receivedAt).toISOString()}>{momentText(event.receivedAt)}</time>{' '}
    <State tone={event.outcome === 'let_in' ? 'good' : 'warning'}>
      {event.kind ?? 'delivery'} {eventTexts[event.outcome]}
      {event.reason ? `: ${event.reason}` : ''}
    </State>{' '}
    <span class="none">
      {event.source}, {event.delivery}
    </span>
  </li>
)

const DecidedMessage = ({ message }: { message: Message }) => {
  const { occurredAt, kind, direction, attribution, signals, reason, waitsUntil } = message
  return (
    <li>
      <time dateTime={new Date(occurredAt).toISOString()}>{momentText(occurredAt)}</time>{' '}
      <State tone={signals.length > 0 ? 'good' : 'notice'}>
        {direction} {kind}
      </State>
      <ul>
        <li>
          {attribution === null
            ? 'attribution has not passed it on'
            : `${attribution.startsConversation ? 'starts the conversation' : 'goes on with the conversation'}, came by ${attribution.origin}, ${attribution.trackingId === null ? 'no tracking ID' : `tracking ID ${attribution.trackingId}`}`}
        </li>
        {signals.map((signal) => (
          <li key={signal.signalId}>raised {signalText(signal)}</li>
        ))}
        {reason === null ? null : <li>no signal: {reason}</li>}
        {waitsUntil === null ? null : <li>waits for a referral until {momentText(waitsUntil)}</li>}
      </ul>
    </li>
  )
}

const Timeline = ({ explanation }: { explanation: Explanation }) => {
  const { received, messages, otherSignals, quarantine, isForgotten, unconnected } = explanation
  return (
    <>
      {isForgotten ? <p>This person asked to be forgotten: nothing of them is taken on.</p> : null}
      {quarantine ? (
        <p>
          The account is in quarantine since {momentText(quarantine.since)}: {quarantine.why}
        </p>
      ) : null}
      {unconnected.length > 0 ? <p>Accounts of this source send without a connection: {unconnected.length}.</p> : null}
      <h2>What was received</h2>
      {received.length === 0 ? <p class="none">Nothing, as far as the topics reach.</p> : null}
      <ol class="timeline">
        {received.map((event) => (
          <ReceivedEvent key={`${event.delivery} ${event.message}`} event={event} />
        ))}
      </ol>
      <h2>What was decided</h2>
      {messages.length === 0 ? <p class="none">No message came past ingest.</p> : null}
      <ol class="timeline">
        {messages.map((message) => (
          <DecidedMessage key={message.message} message={message} />
        ))}
      </ol>
      {otherSignals.length > 0 ? (
        <p>
          Signals that these messages would not raise by the settings of now: {otherSignals.map(signalText).join('; ')}
        </p>
      ) : null}
    </>
  )
}

export const WhyPage = () => {
  const [connectionId, setConnection] = useState('')
  const [kind, setKind] = useState('conversationId')
  const [id, setId] = useState('')
  const explain = useChange('POST explain')
  const ask = (event: { preventDefault(): void }) => {
    event.preventDefault()
    explain.mutate({ body: { connectionId: connectionId.trim(), [kind]: id.trim() } })
  }
  return (
    <>
      <h1>Why</h1>
      <p>
        Why a conversation was reported, or was not: by the ids that the source gave it. No word of it is shown. Looking
        takes up to ten seconds.
      </p>
      <form class="filters" onSubmit={ask}>
        <label>
          Connection
          <input required value={connectionId} onInput={(event) => setConnection(event.currentTarget.value)} />
        </label>
        <Choice
          label="Id of"
          value={kind}
          choices={{ conversationId: 'the conversation', messageId: 'a message' }}
          onChoice={setKind}
        />
        <label>
          Id
          <input required value={id} onInput={(event) => setId(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={explain.isPending}>
          Explain
        </button>
      </form>
      {explain.isPending ? <p role="status">looking …</p> : null}
      {explain.error ? <p role="alert">{explain.error.message}</p> : null}
      {explain.data ? <Timeline explanation={explain.data} /> : null}
    </>
  )
}
