import { cutChangelog, isAbove } from '../../../infra/release/changelog.ts'

const before =
  '# Changelog\n\nForm.\n\n## Unreleased: faults\n\n- A.\n\n## Unreleased\n\n- B.\n\n## 0.1.0 (2026-11-25)\n\n- C.\n'

describe('a release', () => {
  it('turns every unreleased section into one of the version, and opens a new one', () => {
    expect(cutChangelog(before, '0.2.0', '2026-11-28')).toBe(
      '# Changelog\n\nForm.\n\n## Unreleased\n\n## 0.2.0, 2026-11-28: faults\n\n- A.\n\n## 0.2.0, 2026-11-28\n\n- B.\n\n## 0.1.0 (2026-11-25)\n\n- C.\n',
    )
  })

  it('is refused where nothing is unreleased, and for a version that is there', () => {
    expect(() => cutChangelog('# Changelog\n\n## 0.1.0\n', '0.2.0', '2026-11-28')).toThrow('nothing to release')
    expect(() => cutChangelog(before, '0.1.0', '2026-11-28')).toThrow('has 0.1.0 already')
  })

  it.each([
    ['0.2.0', '0.1.0', true],
    ['0.10.0', '0.9.1', true],
    ['1.0.0', '0.99.99', true],
    ['0.1.0', '0.1.0', false],
    ['0.1.9', '0.2.0', false],
  ])('%s is above %s: %s', (version, than, expected) => expect(isAbove(version, than)).toBe(expected))
})
