/** Events for the test page of an event set: one at once, or all of a connection until its code is cleared. */
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../../api/operations.ts'
import { useChange, useMay } from '../../api/queries.ts'
import { momentText } from '../../format.ts'
import { Confirm } from '../confirm.tsx'
import { State } from '../state.tsx'

const Answer = ({ sent }: { sent: ApiSchemas['SentTestEvent'] }) => (
  <p role="status">
    <State tone={sent.verdict === 'accepted' ? 'good' : 'page'}>
      {sent.code === null ? `TikTok did not answer: ${sent.reason}` : `TikTok answered ${sent.code} (${sent.verdict})`}
    </State>{' '}
    to <code>{sent.eventId}</code> with code {sent.testEventCode}, {momentText(sent.sentAt)}
  </p>
)

export const TestEvents = ({ connection }: { connection: ApiSchemas['Connection'] }) => {
  const { connectionId: id, status } = connection
  const own = (connection as { readonly testEventCode?: string | null }).testEventCode ?? null
  const may = useMay('operator')
  const [send, setCode] = [useChange('POST connections/{id}/test-event'), useChange('PUT connections/{id}/test-code')]
  const [typed, setTyped] = useState('')
  const code = typed.trim()
  if (status === 'disconnected' || (!may && own === null)) return null
  const problem = send.error?.message
  return (
    <section>
      <h2>Test events</h2>
      {own === null ? null : (
        <p>
          <State tone="warning">All its events are tests with code {own}</State>: TikTok and the reports count none.
        </p>
      )}
      {may ? (
        <>
          <div class="filters">
            <label>
              Code that TikTok Events Manager shows on the page of the event set
              <input value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" />
            </label>
          </div>
          <div class="actions">
            <button
              type="button"
              disabled={send.isPending || (code === '' && own === null)}
              onClick={() => send.mutate({ id, body: { testEventCode: code === '' ? null : code } })}
            >
              Send a test event
            </button>
            {code === '' || code === own ? null : (
              <Confirm
                label="Send all its events as tests"
                title={`Send all events of ${id} as tests`}
                onConfirm={() => setCode.mutateAsync({ id, body: { testEventCode: code } })}
              >
                <p>
                  Until the code is cleared, TikTok and the reports count no event of it. What is sent as a test is not
                  sent again.
                </p>
              </Confirm>
            )}
            {own === null ? null : (
              <Confirm
                label="Let its events count again"
                title={`Let events of ${id} count again`}
                onConfirm={() => setCode.mutateAsync({ id, body: { testEventCode: null } })}
              >
                <p>Events that were sent as tests are not sent again.</p>
              </Confirm>
            )}
          </div>
          {problem === undefined ? null : <p role="alert">{problem}</p>}
        </>
      ) : null}
      {send.data && 'eventId' in send.data ? <Answer sent={send.data} /> : null}
    </section>
  )
}
