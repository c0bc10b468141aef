/** Checks what `signals tokens create` was asked for. */
import {
  type TokenAccount,
  type TokenRecord,
  type TokenScope,
  tokenScopes,
} from '../../../shared/model/token-record.ts'
import { UsageError } from '../../exit.ts'

export interface TokenOptions {
  readonly tenant?: string
  readonly allTenants?: boolean
  readonly account?: readonly string[]
  readonly scope?: readonly string[]
  readonly name?: string
}

const maxLength = { tenant: 128, account: 256, name: 64 } as const

const isText = (text: string, most: number) => text.length > 0 && text.length <= most && !/\p{C}/u.test(text)

const accountIn = (text: string): TokenAccount => {
  const [, source, accountId = ''] = /^([a-z][a-z0-9-]{0,31}):(.+)$/s.exec(text) ?? []
  if (source === undefined || !isText(accountId, maxLength.account))
    throw new UsageError('--account must be SOURCE:ACCOUNT, such as whatsapp:106540352242922')
  return { source, accountId }
}

const isScope = (text: string): text is TokenScope => (tokenScopes as readonly string[]).includes(text)

/** @throws UsageError */
export const tokenRequestOf = ({
  tenant,
  allTenants = false,
  account = [],
  scope = [],
  name = '',
}: TokenOptions): Pick<TokenRecord, 'name' | 'tenantId' | 'accounts' | 'scopes'> => {
  if ((tenant !== undefined) === allTenants)
    throw new UsageError('name the tenant with --tenant, or give --all-tenants for a token of the whole installation')
  if (tenant !== undefined && !isText(tenant, maxLength.tenant))
    throw new UsageError(`--tenant must be 1 to ${maxLength.tenant} characters`)
  if (name !== '' && !isText(name, maxLength.name))
    throw new UsageError(`--name must be at most ${maxLength.name} characters`)
  const scopes = [...new Set(scope.flatMap((text) => text.split(',')).map((text) => text.trim()))]
  if (scopes.length === 0 || !scopes.every(isScope))
    throw new UsageError(`--scope must be one or several of ${tokenScopes.join(', ')}`)
  const accounts = account.map(accountIn)
  return { name, tenantId: tenant ?? null, accounts: accounts.length > 0 ? accounts : null, scopes }
}
