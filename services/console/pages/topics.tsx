/** What lies where: topics with their lag, and of one its partitions and last records, without content. */
import type { ApiSchemas } from '../api/operations.ts'
import { useMay, useRead } from '../api/queries.ts'
import { countText, spanText } from '../format.ts'
import { Moment } from '../parts/moment.tsx'
import { Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'

type Topic = ApiSchemas['Topic']
type Detail = ApiSchemas['TopicDetail']

const keptText = ({ retentionMs, cleanup }: Pick<Topic, 'retentionMs' | 'cleanup'>) => {
  const kept = retentionMs === null ? 'for ever' : spanText(retentionMs / 1_000)
  return cleanup === 'delete' ? kept : `${kept}, the last of each key`
}
const schemaText = ({ schema, schemaVersions: versions }: Pick<Topic, 'schema' | 'schemaVersions'>) =>
  schema === null ? 'bytes' : `${schema}, ${versions === 1 ? 'one version' : `${versions} versions`}`

const headerText = ({ headers }: Detail['records'][number]) =>
  headers.length === 0 ? '–' : headers.map(({ name, value }) => `${name}: ${value ?? '(not shown)'}`).join('; ')

const One = ({ name }: { name: string }) => {
  const { data, error } = useRead('GET topics/{id}', { id: name, every: 1_500 })
  if (error) return <p role="alert">{error.message}</p>
  if (!data || data.name !== name) return <p>reading …</p>
  return (
    <>
      <h2>{name}</h2>
      <p>
        Holds {data.holds}. Its key: {data.key}.
      </p>
      <h3>Partitions</h3>
      <Table
        caption={`Partitions of ${name}`}
        columns={[
          { title: 'partition', cell: ({ partition }) => partition, numeric: true },
          { title: 'from', cell: ({ low }) => countText(low), numeric: true },
          { title: 'to', cell: ({ high }) => countText(high), numeric: true },
          { title: 'group', cell: ({ group }) => group ?? '–' },
          { title: 'lag', cell: ({ lag }) => countText(lag), numeric: true },
          { title: 'age', cell: ({ lag, lagSeconds }) => (lag === null ? '–' : spanText(lagSeconds)), numeric: true },
        ]}
        rows={data.offsets}
        keyOf={({ partition }) => String(partition)}
        none="It has no partition: signals topics apply makes it."
      />
      <h3>Last records, without their content</h3>
      <Table
        caption={`Last records of ${name}`}
        columns={[
          { title: 'place', cell: ({ partition, offset }) => `${partition}/${offset}` },
          { title: 'written', cell: ({ timestamp }) => <Moment at={timestamp} /> },
          { title: 'bytes', cell: ({ bytes }) => (bytes === null ? 'erased' : countText(bytes)), numeric: true },
          { title: 'schema', cell: ({ schemaVersion }) => schemaVersion ?? '–', numeric: true },
          { title: 'headers', cell: (record) => <span class="anywhere">{headerText(record)}</span> },
        ]}
        rows={data.records}
        keyOf={({ partition, offset }) => `${partition}/${offset}`}
        none="It holds no record."
      />
    </>
  )
}

export const TopicsPage = () => {
  const [params, change] = useViewState()
  const chosen = params.get('topic')
  const mayLookInside = useMay('operator')
  const { data, error } = useRead('GET topics', { every: 1_500 })
  return (
    <>
      <h1>Topics</h1>
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Topics"
        columns={[
          {
            title: 'topic',
            cell: ({ name }) =>
              mayLookInside ? (
                <button type="button" class="link anywhere whole" onClick={() => change({ topic: name })}>
                  {name}
                </button>
              ) : (
                name
              ),
          },
          { title: 'holds', cell: ({ holds }) => holds },
          { title: 'kept', cell: keptText },
          { title: 'schema', cell: schemaText },
          { title: 'partitions', cell: ({ partitions }) => partitions, numeric: true },
          { title: 'records', cell: ({ records }) => countText(records), numeric: true },
          { title: 'lag', cell: ({ lag }) => countText(lag), numeric: true },
          { title: 'age', cell: ({ lag, lagSeconds }) => (lag === null ? '–' : spanText(lagSeconds)), numeric: true },
        ]}
        rows={data ?? []}
        keyOf={({ name }) => name}
        none="reading …"
      />
      {chosen && mayLookInside ? <One key={chosen} name={chosen} /> : null}
    </>
  )
}
