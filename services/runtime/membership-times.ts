/** Time limits of group membership, in ms. */
export interface MembershipTimes {
  /** A killed member keeps its partitions until its session ends. */
  readonly sessionMs: number
  readonly heartbeatMs: number
  /** How long the group waits at a rebalance for members to finish their batches. */
  readonly rebalanceMs: number
  /** How often the leader of the group looks for new partitions. */
  readonly partitionsPollMs: number
}
