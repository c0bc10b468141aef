import { replaySettings } from '../../../../../services/cli/commands/replay/settings.ts'
import type { CliContext } from '../../../../../services/cli/context.ts'

const dayMs = 86_400_000
type Context = Parameters<typeof replaySettings>[0]
const running = { brokers: 'kafka:9092' } as unknown as NonNullable<CliContext['running']>
const up = (stageSettings: Context['stageSettings']): Context => ({ running, brokers: 'kafka:9092', stageSettings })

describe('the stage settings of a replay', () => {
  it('are those of the running pipeline, whatever this shell has set', () => {
    const env = { DISPATCH_EXPIRE_DAYS: '7' }
    expect(replaySettings(up({ DISPATCH_EXPIRE_DAYS: '14', ATTRIBUTION_WAIT: '5s' }), env)).toEqual({
      expireMs: 14 * dayMs,
      waitMs: 5_000,
      textWindowMs: 600_000,
      text: "decides with DISPATCH_EXPIRE_DAYS 14, ATTRIBUTION_WAIT 5 s and ATTRIBUTION_TEXT_WINDOW 10 min, as the running pipeline; this shell's DISPATCH_EXPIRE_DAYS is ignored",
    })
    expect(replaySettings(up({}), env)).toMatchObject({ expireMs: 28 * dayMs, waitMs: 30_000 })
  })

  it.each<[string, Context]>([
    ['where no pipeline runs', { running: null, brokers: 'kafka:9092', stageSettings: null }],
    ['of another pipeline', { ...up({ DISPATCH_EXPIRE_DAYS: '14' }), brokers: 'elsewhere:9092' }],
    ['of a pipeline that recorded none', up(null)],
  ])('are those of this shell %s', (_where, context) => {
    const { expireMs, waitMs, text } = replaySettings(context, { DISPATCH_EXPIRE_DAYS: '7', ATTRIBUTION_WAIT: '' })
    expect([expireMs, waitMs]).toEqual([7 * dayMs, 30_000])
    expect(text).toMatch(/from this shell's environment; the stages must have the same$/)
  })
})
