/** Versions of keyword lists or rule sets: which is active, what differs between two, and importing, promoting and rolling back. */
import type { ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { Confirm } from '../parts/confirm.tsx'
import { ImportVersion, type VersionsOf } from '../parts/versions/import-version.tsx'
import { EvaluateFile, EvaluateRules, TryText } from '../parts/versions/try-list.tsx'
import { Uses } from '../parts/versions/uses.tsx'
import { Diff, useChosen, type Version, VersionTable } from '../parts/versions/version-table.tsx'

const entryLine = ({ keyword, flag, locale, match, fold, unless }: ApiSchemas['KeywordEntry']) =>
  [
    `${keyword} → ${flag}`,
    match,
    ...(locale === null ? [] : [locale]),
    ...(fold === 'exact' ? [] : [fold]),
    ...(unless.length > 0 ? [`unless in ${unless.join(', ')}`] : []),
  ].join(', ')

const idsOf = (versions: readonly Version[] | undefined) => [...new Set(versions?.map(({ id }) => id))]

const VersionActions = ({ of, version: { id, version, state } }: { of: VersionsOf; version: Version }) => {
  const [promote, rollback] = [useChange(`POST ${of}/{id}/promote`), useChange(`POST ${of}/{id}/rollback`)]
  if (!useMay('admin') || state === 'active') return null
  if (state === 'shadow')
    return (
      <Confirm
        label="Promote"
        title={`Promote ${id} ${version}`}
        onConfirm={() => promote.mutateAsync({ id, body: { checked: true } })}
      >
        <p>
          It raises signals from now on, as a new version, within 5 s.
          {of === 'keyword-lists' ? ' Go on only if you have checked that none of its flags tells what was said.' : ''}
        </p>
      </Confirm>
    )
  return (
    <Confirm
      label="Roll back"
      title={`Roll ${id} back to version ${version}`}
      onConfirm={() => rollback.mutateAsync({ id, body: { to: version, checked: true } })}
    >
      <p>A new version that is the same becomes active within 5 s. The present one stays in the list.</p>
    </Confirm>
  )
}

export const KeywordListsPage = () => {
  const { data, error } = useRead('GET keyword-lists', { every: 1_500 })
  const { id, query, choose } = useChosen(data)
  const diff = useRead('GET keyword-lists/{id}', { id: id ?? '', query, enabled: id !== null })
  return (
    <>
      <h1>Keyword lists</h1>
      <p>What people's words raise signals for. Import a version as a shadow first: it is counted and sends nothing.</p>
      {error ? <p role="alert">{error.message}</p> : null}
      <VersionTable
        versions={data ?? []}
        sizeName="keywords"
        none={data ? 'There is no list.' : 'reading …'}
        onChoice={choose}
        actionsOf={(version) => <VersionActions of="keyword-lists" version={version} />}
      />
      <ImportVersion of="keyword-lists" lineOf={(entry) => entryLine(entry as ApiSchemas['KeywordEntry'])} />
      {diff.error ? <p role="alert">{diff.error.message}</p> : null}
      {id !== null && diff.data ? (
        <>
          <h2>{id}</h2>
          <Uses key={id} of="keyword-lists" id={id} ids={idsOf(data)} />
          <Diff diff={diff.data} lineOf={entryLine} />
          <TryText key={id} id={id} />
          <EvaluateFile key={`${id} ${diff.data.to}`} id={id} version={diff.data.to} />
        </>
      ) : null}
    </>
  )
}

export const RuleSetsPage = () => {
  const { data, error } = useRead('GET rule-sets', { every: 1_500 })
  const { id, query, choose } = useChosen(data)
  const diff = useRead('GET rule-sets/{id}', { id: id ?? '', query, enabled: id !== null })
  return (
    <>
      <h1>Rule sets</h1>
      <p>Which outcomes, keywords, orders and messages become events.</p>
      {error ? <p role="alert">{error.message}</p> : null}
      <VersionTable
        versions={data ?? []}
        sizeName="rules"
        none={data ? 'There is no rule set.' : 'reading …'}
        onChoice={choose}
        actionsOf={(version) => <VersionActions of="rule-sets" version={version} />}
      />
      <ImportVersion of="rule-sets" lineOf={(rule) => JSON.stringify(rule)} />
      {diff.error ? <p role="alert">{diff.error.message}</p> : null}
      {id !== null && diff.data ? (
        <>
          <h2>{id}</h2>
          <Uses key={id} of="rule-sets" id={id} ids={idsOf(data)} />
          <Diff diff={diff.data} lineOf={(rule) => JSON.stringify(rule)} />
          <EvaluateRules key={`${id} ${diff.data.to}`} id={id} version={diff.data.to} />
        </>
      ) : null}
    </>
  )
}
