import { hostnameOf, isAllowedHost } from '../../../../services/control/access/hosts.ts'

describe('a host name', () => {
  it.each([
    ['a.example:80', 'a.example'],
    ['[::1]:80', '::1'],
    ['a/b', null],
    ['a@b', null],
    ['a b', null],
    ['', null],
    [':80', null],
  ])('%s is %s', (header, name) => expect(hostnameOf(header)).toBe(name))
  it('is needed', () => expect(isAllowedHost(undefined, [])).toBe(false))
})
