/** The store of what rules have fired, in Redis. */
import type { RedisCommands } from '../../runtime/ports.ts'
import { RedisStateStore } from '../../runtime/versioned-state/store.ts'
import { ruleStateFormat } from './pack.ts'
import type { RuleState } from './state.ts'

export class RedisRuleStates extends RedisStateStore<RuleState> {
  /** @param ttlSeconds how long a state is kept after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number) {
    super(redis, ttlSeconds, ruleStateFormat)
  }
}
