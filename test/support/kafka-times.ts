import type { MembershipTimes } from '../../services/runtime/membership-times.ts'

/** A fifth of production's times, so that tests wait less. Still long enough for a busy machine. */
export const shortTimes: MembershipTimes = {
  sessionMs: 4_000,
  heartbeatMs: 400,
  rebalanceMs: 6_000,
  partitionsPollMs: 1_000,
}
