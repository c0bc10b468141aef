/** Imports a version from a file: first what the file holds, with every problem and warning on its line, and what would change. */
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../../api/operations.ts'
import { useChange, useMay } from '../../api/queries.ts'
import { Confirm } from '../confirm.tsx'
import { State } from '../state.tsx'
import { Diff, Lines } from './version-table.tsx'

export type VersionsOf = 'keyword-lists' | 'rule-sets'

/** Files may be in any encoding, so their bytes go as they are. */
export const base64Of = async (file: File): Promise<string> => {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  // Spread arguments are limited.
  for (let from = 0; from < bytes.length; from += 8_192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8_192))
  return btoa(text)
}

interface Chosen {
  readonly name: string
  readonly file: string
}

interface ResultProps {
  readonly result: ApiSchemas['Import']
  readonly name: string
  readonly lineOf: (item: unknown) => string
}

const Result = ({ result, name, lineOf }: ResultProps) => {
  const { problems, warnings, version } = result
  return (
    <div role="status">
      <p>
        {version === null ? (
          <State tone="page">{name} is refused; the active version stays.</State>
        ) : (
          <State tone="good">
            {name} {result.written ? 'is' : 'would be'} version {version}.
          </State>
        )}
      </p>
      <Lines title="Problems" lines={problems} />
      <Lines title="Warnings" lines={warnings} />
      {version === null ? null : (
        <Diff
          diff={{
            ...result,
            from: version > 1 ? version - 1 : null,
            to: version,
            changed: result.changed as readonly { before: unknown; after: unknown }[],
          }}
          lineOf={lineOf}
        />
      )}
    </div>
  )
}

export const ImportVersion = ({ of, lineOf }: { of: VersionsOf; lineOf: (item: unknown) => string }) => {
  const [dryRun, write] = [useChange(`POST ${of}/{id}/import`), useChange(`POST ${of}/{id}/import`)]
  const [mayImport, mayActivate] = [useMay('operator'), useMay('admin')]
  const [id, setId] = useState('default')
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const [shadow, setShadow] = useState(true)
  const [checked, setChecked] = useState(false)
  if (!mayImport) return <p class="none">Your role may look; an import needs the role operator.</p>
  const body = (file: string, isDryRun: boolean) => ({ file, shadow, checked, dryRun: isDryRun })
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0]
    write.reset()
    dryRun.reset()
    setChosen(file ? { name: file.name, file: await base64Of(file) } : null)
  }
  const look = () => chosen && dryRun.mutate({ id, body: body(chosen.file, true) })
  const result = write.data ?? dryRun.data
  const canImport = dryRun.data !== undefined && write.data === undefined && dryRun.data.version !== null
  return (
    <>
      <h2>Import a version</h2>
      <div class="filters">
        <label>
          Of
          <input value={id} onInput={(event) => setId(event.currentTarget.value)} />
        </label>
        <label>
          File
          <input type="file" onChange={(event) => void choose(event.currentTarget)} />
        </label>
        <label class="option">
          <input
            type="checkbox"
            checked={shadow}
            disabled={!mayActivate}
            onChange={(event) => setShadow(event.currentTarget.checked)}
          />{' '}
          counted only (shadow)
        </label>
        {dryRun.data?.isDoubt ? (
          <label class="option">
            <input type="checkbox" checked={checked} onChange={(event) => setChecked(event.currentTarget.checked)} />{' '}
            checked: none of its flags tells what was said
          </label>
        ) : null}
        <button type="button" disabled={chosen === null || dryRun.isPending} onClick={look}>
          Dry run
        </button>
        {canImport && chosen ? (
          <Confirm
            label="Import"
            title={`Import ${chosen.name} as a version of ${id}`}
            onConfirm={() => write.mutateAsync({ id, body: body(chosen.file, false) })}
          >
            <p>
              {shadow
                ? 'It is counted beside the active version and sends nothing until it is promoted.'
                : 'It is active in every stage within 5 s.'}
            </p>
          </Confirm>
        ) : null}
      </div>
      {dryRun.error ? <p role="alert">{dryRun.error.message}</p> : null}
      {result && chosen ? <Result result={result} name={chosen.name} lineOf={lineOf} /> : null}
    </>
  )
}
