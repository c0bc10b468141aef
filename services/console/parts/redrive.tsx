/** What a redrive of a cause would do, the redrive itself, and how far each one is. */
import { useState } from 'preact/hooks'
import type { ApiOperations, ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { countText } from '../format.ts'
import { Confirm } from './confirm.tsx'
import { Moment } from './moment.tsx'
import { State } from './state.tsx'
import { Table } from './table.tsx'

type DryRun = ApiSchemas['RedriveDryRun']
type Body = ApiOperations['POST redrives']['body']

const skipTexts: Readonly<Record<string, string>> = {
  never: 'a redrive cannot help these, by the catalogue',
  redriven: 'put back or discarded before',
  failed_again: 'failed again after a redrive: fix the cause first',
  failed_later: 'put back before and failed again: only the later dead letter can be put back',
  claims_gone: 'one item of a delivery whose other items are too old to be recognised: they would count twice',
  would_fail: 'would fail again on the present mappings: fix the cause first',
}
const triedTexts: Readonly<Record<string, string>> = {
  passes: 'would pass on the present mappings',
  unknown: 'only the redrive itself can tell: their stage decides by state',
  key_erased: 'cannot be opened any more: their connections were disconnected',
}

const Answer = ({ dryRun: { selected, records, skipped, tried } }: { dryRun: DryRun }) => (
  <div role="status">
    <p>
      <strong>
        {countText(records)} of {countText(selected)} would be put back.
      </strong>
    </p>
    <ul>
      {Object.entries(tried).map(([result, count]) => (
        <li key={result}>
          {countText(count)} {triedTexts[result] ?? `would fail again: ${result}`}
        </li>
      ))}
      {Object.entries(skipped)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => (
          <li key={reason}>
            {countText(count)} left out: {skipTexts[reason] ?? reason}
          </li>
        ))}
    </ul>
  </div>
)

const Option = ({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) => (
  <label class="option">
    <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
  </label>
)

export const Redrive = ({ stage, code }: { stage: string; code: string }) => {
  const may = useMay('operator')
  const [dryRun, redrive, discard] = [
    useChange('POST redrives'),
    useChange('POST redrives'),
    useChange('POST discards'),
  ]
  const [again, setAgain] = useState(false)
  const [force, setForce] = useState(false)
  if (!may) return <p class="none">Your role may look; a redrive needs the role operator.</p>
  const cause = { stage: stage as Body['stage'], code: code as Body['code'] }
  const answer = dryRun.data && 'selected' in dryRun.data ? dryRun.data : null
  const change = (set: (on: boolean) => void) => (on: boolean) => {
    set(on)
    dryRun.reset()
  }
  return (
    <>
      <div class="actions">
        <Option label="also those put back or discarded before" on={again} onChange={change(setAgain)} />
        <Option label="also those that will fail again (force)" on={force} onChange={change(setForce)} />
        <button
          type="button"
          disabled={dryRun.isPending}
          onClick={() => dryRun.mutate({ body: { ...cause, again, force, dryRun: true } })}
        >
          Dry run
        </button>
        {answer && answer.records > 0 ? (
          <Confirm
            label={`Put ${answer.records} back`}
            title={`Put ${answer.records} records of ${stage} ${code} back`}
            onConfirm={() =>
              redrive.mutateAsync({ body: { ...cause, again, force, dryRun: false } }).then(() => dryRun.reset())
            }
          >
            <p>
              They go back to where they came from, in chunks of 500, and count as new there. It stops by itself when
              most of a chunk fails again.
            </p>
          </Confirm>
        ) : null}
        <Confirm
          danger
          label="Discard"
          title={`Discard the open dead letters of ${stage} ${code}`}
          onConfirm={() => discard.mutateAsync({ body: cause })}
        >
          <p>
            They no longer count as open. They stay sealed until they expire, and can still be put back with “also those
            put back or discarded before”.
          </p>
        </Confirm>
      </div>
      {dryRun.isPending ? <p role="status">trying …</p> : null}
      {dryRun.error ? <p role="alert">{dryRun.error.message}</p> : null}
      {answer ? <Answer dryRun={answer} /> : null}
    </>
  )
}

type Job = ApiSchemas['RedriveJob']

const JobState = ({ job: { endedAt, done, records, result, problem } }: { job: Job }) => {
  if (problem !== null) return <State tone="page">{problem}</State>
  if (endedAt === null)
    return (
      <>
        <progress value={done} max={Math.max(1, records)} aria-label="put back" /> {countText(done)} of{' '}
        {countText(records)}
      </>
    )
  if (!result) return <State tone="off">ended</State>
  const { redriven, failedAgain, pending, held } = result
  const isWell = failedAgain + pending + held === 0
  return (
    <State tone={isWell ? 'good' : 'warning'}>
      {countText(redriven)} put back{failedAgain > 0 ? `, ${failedAgain} failed again` : ''}
      {pending > 0 ? `, ${pending} not processed yet` : ''}
      {held > 0 ? `, ${held} held back` : ''}
    </State>
  )
}

export const RedriveJobs = () => {
  const { data } = useRead('GET redrives', { every: 1_500 })
  if (!data || data.length === 0) return null
  return (
    <>
      <h2>Redrives</h2>
      <Table
        caption="Redrives"
        columns={[
          { title: 'of', cell: ({ stage, code }) => `${stage ?? 'all'} ${code ?? ''}` },
          { title: 'state', cell: (job) => <JobState job={job} /> },
          { title: 'by', cell: ({ actor }) => actor },
          { title: 'begun', cell: ({ startedAt }) => <Moment at={startedAt} /> },
        ]}
        rows={data}
        keyOf={({ id }) => id}
        none=""
      />
    </>
  )
}
