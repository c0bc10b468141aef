import { type Brush, brushedBy, spanOf } from '../../../services/console/parts/charts/brush.ts'

const at = Array.from({ length: 9 }, (_, n) => n * 60_000)
const press = (brush: Brush | null, ...keys: readonly string[]) =>
  keys.reduce<Brush | null>((before, pressed) => {
    const [, shift, key = ''] = /^(Shift\+)?(.*)$/.exec(pressed) ?? []
    const next = brushedBy(before, key, shift !== undefined, at.length)
    return next === undefined ? before : next
  }, brush)

describe('choosing a time on a chart by keyboard', () => {
  it('begins at the end, goes along without Shift, and chooses with it', () => {
    expect(press(null, 'ArrowLeft', 'ArrowLeft')).toEqual({ from: 6, to: 6 })
    expect(press(null, 'Shift+ArrowLeft', 'Shift+ArrowLeft')).toEqual({ from: 8, to: 6 })
    const brush = press(null, 'Home', 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight') as Brush
    expect(spanOf(brush, at)).toEqual([60_000, 180_000])
  })

  it('stays on the chart, goes back over its beginning, and is left with Escape', () => {
    expect(press(null, 'ArrowRight', 'ArrowRight')).toEqual({ from: 8, to: 8 })
    const back = press(null, 'Home', 'ArrowRight', 'Shift+Home', 'Shift+ArrowLeft') as Brush
    expect([back, spanOf(back, at)]).toEqual([{ from: 1, to: 0 }, [0, 60_000]])
    expect(press(back, 'Escape')).toBeNull()
  })

  it('leaves other keys to the page, and is no time where it has no length', () => {
    expect(['Tab', 'a', 'Escape', 'Enter'].map((key) => brushedBy(null, key, false, 9))).toEqual(
      Array.from({ length: 4 }, () => undefined),
    )
    expect(spanOf({ from: 3, to: 3 }, at)).toBeNull()
    expect(spanOf({ from: 3, to: 8 }, at.slice(0, 5))).toBeNull()
  })

  it('needs forty steps over a long chart', () => {
    expect(brushedBy(null, 'ArrowLeft', false, 401)).toEqual({ from: 390, to: 390 })
  })
})
