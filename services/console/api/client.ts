/** Calls `/admin/v1/` with the session of this browser. */
import type { ApiOperations, ApiSchemas } from './operations.ts'

export type ApiOperation = keyof ApiOperations

export interface BrowserPerson {
  readonly actor: string
  readonly role: 'viewer' | 'operator' | 'admin'
  /** null: all tenants. */
  readonly tenant: string | null
  readonly accounts: readonly unknown[] | null
  readonly csrfToken?: string
}

/** The control plane refuses. The message names the remedy. */
export class ApiProblem extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface Call<O extends ApiOperation> {
  readonly id?: string
  readonly query?: Partial<NonNullable<ApiOperations[O]['query']>>
  readonly body?: ApiOperations[O]['body']
}

/** Longer than the slowest dependency takes to be given up. */
const timeoutMs = 10_000
let csrfToken = ''

const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs) })
  } catch {
    throw new ApiProblem(0, 'Control does not answer.')
  }
  if (response.status === 401) location.assign('/login')
  if (response.ok) return response
  const problem = (await response.json().catch(() => null)) as ApiSchemas['Problem'] | null
  throw new ApiProblem(response.status, problem?.error.message ?? `Control answers ${response.status}.`)
}

/** @throws ApiProblem */
export const readSession = async (): Promise<BrowserPerson> => {
  const person = (await (await request('/api/session')).json()) as BrowserPerson
  csrfToken = person.csrfToken ?? ''
  return person
}

/** @throws ApiProblem */
export const logOut = async (): Promise<void> => {
  await request('/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
  location.assign('/login')
}

const searchOf = (query: object) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

/** @throws ApiProblem */
export const call = async <O extends ApiOperation>(
  operation: O,
  { id, query = {}, body }: Call<O> = {},
): Promise<ApiOperations[O]['answer']> => {
  const [method = 'GET', path = ''] = operation.split(' ')
  const url = `/admin/v1/${path.replace('{id}', encodeURIComponent(id ?? ''))}${searchOf(query)}`
  const headers = { 'x-csrf-token': csrfToken, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const response = await request(url, {
    method,
    headers: method === 'GET' ? {} : headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as ApiOperations[O]['answer']
}
