/** `/admin/v1/persons/forget` and `/export`: one person, by the source's own ids in the body. */
import type { PersonExport } from '../../tools/persons/export.ts'
import type { Receipt } from '../../tools/persons/forget.ts'
import { type PersonIds, PersonInvalid, parsePerson } from '../../tools/persons/person.ts'
import { ControlProblem, json } from '../http/answer.ts'
import { readJson } from '../http/request.ts'
import type { AdminCall, Endpoint } from './handlers.ts'

export interface PersonWork {
  /** @throws DependencyError */
  forget(person: PersonIds, actor: string): Promise<Receipt>
  /** @param tenant whose connections it is about; null: all. @throws DependencyError */
  export(person: PersonIds, tenant: string | null): Promise<PersonExport>
}

/** @throws ControlProblem 400 */
const personIn = async ({ request }: AdminCall): Promise<PersonIds> => {
  const body = await readJson(request)
  try {
    return parsePerson(body)
  } catch (error) {
    if (error instanceof PersonInvalid) throw new ControlProblem(400, 'person', error.message)
    throw error
  }
}

/** What another tenant has is as unknown as what does not exist. @throws ControlProblem 404 */
const requireTenant = ({ principal: { tenant }, tools }: AdminCall, { source, accountId }: PersonIds): void => {
  if (tenant !== null && tools.directory.byAccount(source, accountId)?.tenantId !== tenant)
    throw new ControlProblem(404, 'account_unknown', 'no connection of your tenant has this account')
}

export const persons: Endpoint = {
  role: 'admin',
  action: 'persons',
  run: async (call) => {
    const { id, principal, tools } = call
    if (id !== 'forget' && id !== 'export')
      throw new ControlProblem(404, 'path', 'there are persons/forget and persons/export')
    const person = await personIn(call)
    requireTenant(call, person)
    return json(
      id === 'forget'
        ? await tools.persons.forget(person, principal.actor)
        : await tools.persons.export(person, principal.tenant),
    )
  },
}
