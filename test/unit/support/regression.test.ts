import { lowest, slopeOf } from '../../support/regression.ts'

const line = (slope: number, noise: (n: number) => number = () => 0) =>
  Array.from({ length: 60 }, (_, x) => ({ x, y: 100 + slope * x + noise(x) }))

describe('the slope of measured points', () => {
  it.each([0, 2, -0.5])('is that of a line: %d', (slope) => {
    const found = slopeOf(line(slope))
    expect(found.slope).toBeCloseTo(slope, 10)
    expect(found.error).toBeCloseTo(0, 10)
  })

  it('has an error that grows with the noise, and covers the true slope', () => {
    const small = slopeOf(line(1, (n) => (n % 3) - 1))
    const large = slopeOf(line(1, (n) => 10 * ((n % 3) - 1)))
    expect(large.error).toBeGreaterThan(5 * small.error)
    expect(Math.abs(large.slope - 1)).toBeLessThan(3 * large.error)
  })

  it('is refused where there is none', () => {
    expect(() => slopeOf(line(1).slice(0, 2))).toThrow('three points')
    expect(() => slopeOf([1, 2, 3].map((y) => ({ x: 0, y })))).toThrow('same x')
  })
})

describe('the lowest of each window', () => {
  it('leaves out what garbage adds', () => {
    const sawtooth = line(0.1, (n) => (n % 10) * 5)
    expect(lowest(sawtooth, 10)).toEqual([0, 10, 20, 30, 40, 50].map((x) => ({ x, y: 100 + 0.1 * x })))
  })
})
