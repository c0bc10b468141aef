import { endOf } from '../../../../services/local/processes/previous-end.ts'

describe('the end of a process', () => {
  it.each([
    ['an error', 1, null, 'fault'],
    ['a full heap, as a shell reports it', 134, null, 'fault'],
    ['a full heap', null, 'SIGABRT', 'fault'],
    ['an invalid access', null, 'SIGSEGV', 'fault'],
    ['its watchdog', 70, null, 'unknown'],
    ['an orderly stop', 0, null, 'outside'],
    ['a changed secret file', 75, null, 'outside'],
    ['kill -9', null, 'SIGKILL', 'outside'],
    ['kill', null, 'SIGTERM', 'outside'],
  ] as const)('by %s counts as %s %s: %s', (_kind, code, signal, expected) => {
    expect(endOf(code, signal, false)).toBe(expected)
  })

  it('by the supervisor, because it was silent, is its own fault', () => {
    expect(endOf(null, 'SIGKILL', true)).toBe('fault')
  })
})
