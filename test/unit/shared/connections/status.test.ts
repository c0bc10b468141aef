import {
  type ConnectionEvent,
  connectionEvents,
  nextStatus,
  TransitionRefused,
} from '../../../../services/shared/connections/status.ts'
import { type ConnectionStatus, connectionStatuses } from '../../../../services/shared/model/connection-record.ts'

const outcome = (status: ConnectionStatus | null, event: ConnectionEvent): string => {
  try {
    return nextStatus(status, event)
  } catch (error) {
    if (error instanceof TransitionRefused) return 'refused'
    throw error
  }
}

describe('the life of a connection', () => {
  it.each<[ConnectionStatus | null, string, string, string, string, string, string]>([
    // status         newToken    pause       resume      retry      tokenRefused    disconnect
    [null, 'active', 'refused', 'refused', 'refused', 'refused', 'refused'],
    ['active', 'active', 'paused', 'active', 'active', 'reconnect', 'disconnected'],
    ['paused', 'paused', 'paused', 'active', 'refused', 'paused', 'disconnected'],
    ['reconnect', 'active', 'paused', 'refused', 'refused', 'reconnect', 'disconnected'],
    ['disconnected', 'active', 'refused', 'refused', 'refused', 'disconnected', 'disconnected'],
  ])('from %s', (status, ...expected) => {
    expect(connectionEvents.map((event) => outcome(status, event))).toEqual(expected)
  })

  it('has a row for each status', () => {
    for (const status of connectionStatuses) expect(outcome(status, 'disconnect')).toBe('disconnected')
  })
})
