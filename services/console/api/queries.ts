/** Reads that repeat while a page shows them. */
import { keepPreviousData, type UseQueryResult, useMutation, useQuery, useQueryClient } from '@tanstack/preact-query'
import { type ApiOperation, type BrowserPerson, call, readSession } from './client.ts'
import type { ApiOperations } from './operations.ts'

interface Read<O extends ApiOperation> {
  readonly id?: string
  readonly query?: Partial<NonNullable<ApiOperations[O]['query']>>
  /** Between two reads, ms; false: once. */
  readonly every?: number | false
  readonly enabled?: boolean
}

/** The last answer stays on the page while the next one is read, or fails. */
export const useRead = <O extends ApiOperation>(
  operation: O,
  { id, query, every = false, enabled = true }: Read<O> = {},
): UseQueryResult<ApiOperations[O]['answer']> =>
  useQuery({
    queryKey: [operation, id ?? '', query ?? {}],
    queryFn: () => call(operation, { ...(id === undefined ? {} : { id }), ...(query === undefined ? {} : { query }) }),
    refetchInterval: every,
    enabled,
    placeholderData: keepPreviousData,
  })

/** A change; all that is shown is read again after it. */
export const useChange = <O extends ApiOperation>(operation: O) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (given: { id?: string; body?: ApiOperations[O]['body'] }) => call(operation, given),
    onSuccess: () => client.invalidateQueries(),
  })
}

export const useSession = () =>
  useQuery<BrowserPerson>({ queryKey: ['session'], queryFn: readSession, staleTime: 60_000 })

const order = ['viewer', 'operator', 'admin'] as const

/** Whether the person may do what needs this role. */
export const useMay = (role: (typeof order)[number]): boolean => {
  const { data } = useSession()
  return data !== undefined && order.indexOf(data.role) >= order.indexOf(role)
}
