/** Who may call: tokens with what they may do, roles, and the age of the master key. */
import { useRead } from '../api/queries.ts'
import { momentText, spanText } from '../format.ts'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'

const yearSeconds = 365 * 86_400

export const AccessPage = () => {
  const { data, error } = useRead('GET access', { every: 10_000 })
  const age = data?.masterKey ? (data.now - data.masterKey.since) / 1_000 : 0
  return (
    <>
      <h1>Access</h1>
      {error ? <p role="alert">{error.message}</p> : null}
      <h2>Master key</h2>
      {data ? (
        <p>
          {data.masterKey === null ? (
            'Ids derive from the first master key; no rotation is known.'
          ) : (
            <State tone={age > yearSeconds ? 'warning' : 'good'}>
              key {data.masterKey.keyId}, active for {spanText(age)}
              {age > yearSeconds ? ': rotate it with signals keys rotate' : ''}
            </State>
          )}
        </p>
      ) : null}
      <h2>Tokens</h2>
      <p>
        Made with <code>signals tokens create</code>, ended with <code>signals tokens revoke</code>. <code>report</code>{' '}
        is the role viewer here, <code>operate</code> operator, <code>admin</code> admin.
      </p>
      <Table
        caption="Tokens"
        columns={[
          { title: 'token', cell: ({ tokenId }) => tokenId },
          { title: 'name', cell: ({ name }) => name },
          {
            title: 'state',
            cell: ({ revokedAt }) =>
              revokedAt === null ? (
                <State tone="good">in force</State>
              ) : (
                <State tone="off">revoked {momentText(revokedAt)}</State>
              ),
          },
          { title: 'tenant', cell: ({ tenantId }) => tenantId ?? 'all' },
          {
            title: 'accounts',
            cell: ({ accounts }) =>
              accounts?.map(({ source, accountId }) => `${source}: ${accountId}`).join(', ') ?? 'all',
          },
          { title: 'may', cell: ({ scopes }) => scopes.join(', ') },
          { title: 'made', cell: ({ createdAt, createdBy }) => `${momentText(createdAt)} by ${createdBy}` },
        ]}
        rows={data?.tokens.toReversed() ?? []}
        keyOf={({ tokenId }) => tokenId}
        none={data ? 'There is no token besides ADMIN_TOKEN.' : 'reading …'}
      />
    </>
  )
}
