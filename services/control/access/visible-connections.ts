/** Which connections a caller sees and changes: those of its tenant and, for a token that is bound to accounts, of these alone. */
import type { TokenAccount } from '../../shared/model/token-record.ts'
import { covers } from '../../shared/tokens/access.ts'
import type { Principal } from './authenticator.ts'

export const seesConnection = (
  { tenant, accounts }: Pick<Principal, 'tenant' | 'accounts'>,
  connection: TokenAccount & { readonly tenantId: string },
): boolean => covers({ tenantId: tenant, accounts }, connection)
