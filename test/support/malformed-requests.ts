/** HTTP requests as no client should send them: broken targets, headers, bodies, and bytes at random. The same ones in each run. */

/** A generator of numbers from 0 to below `n`; a linear congruence is random enough to mix parts. */
const seeded = (seed: number) => {
  let state = seed
  return (n: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * n)
  }
}

const methods = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'PATCH',
  'get',
  'G\u0000T',
  '',
  'M-SEARCH',
]
const targets = [
  ...[
    '/',
    '//',
    '///',
    '//evil.example',
    '//[',
    '/\\',
    '\\\\',
    '*',
    '',
    ' ',
    '/%',
    '/%zz',
    '/%00',
    '/%c0%af',
    '/?',
    '/#',
  ],
  ...[
    'http://',
    'http://[',
    'http://evil.example/',
    'http://a:b@c/',
    'https://x:99999/',
    '/api/status',
    '/api/status?%',
  ],
  ...[
    '/admin/v1/',
    '/admin/v1//',
    '/admin/v1/%',
    '/admin/v1/connections/%ff',
    '/admin/v1/oauth/callback?state=%',
    '/login',
  ],
  ...[
    '/login/link?code=',
    '/login/oidc/callback?%',
    '/logout',
    `/${'a'.repeat(9_000)}`,
    `/${'%41'.repeat(3_000)}`,
    '/\u00e9',
    '/..//..',
  ],
]
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9', 'HTP/1.1', '']
const headers = [
  ...[
    'Host: localhost',
    'Host: evil.example',
    'Host: [',
    'Host: a b',
    'Host:',
    'Host: localhost\r\nHost: b',
    'Host: \u00ff',
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: x',
    'Content-Length: 99999999999999',
    'Content-Length: 1\r\nContent-Length: 2',
  ],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked, x', 'Content-Length: 3\r\nTransfer-Encoding: chunked'],
  ...[
    'Cookie: =',
    'Cookie: ;;;',
    'Cookie: signals_session',
    `Cookie: ${'a=b; '.repeat(500)}`,
    'Cookie: signals_oauth=%',
  ],
  ...[
    'Authorization: Bearer',
    'Authorization: Bearer ',
    'Authorization: \u0001',
    `Authorization: Bearer ${'x'.repeat(4_000)}`,
  ],
  ...[
    'Expect: 100-continue',
    'Expect: x',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'X-Actor: \u00e9',
    'Origin: null',
  ],
  ...[' folded: x', 'no colon', ': empty', `X: ${'y'.repeat(20_000)}`, 'Sec-Fetch-Site: x', 'Accept: */*'],
]
const bodies = [
  '',
  'hello',
  '{"',
  '5\r\nhello\r\n0\r\n\r\n',
  'zz\r\nx',
  '\u0000\u0000',
  'token=%',
  'GET / HTTP/1.1\r\n\r\n',
]
const ends = ['\r\n', '\r\n', '\n', '\r']

export const malformedRequests = (count: number): readonly Buffer[] => {
  const pick = seeded(4_711)
  const of = <T>(list: readonly T[]) => list[pick(list.length)] as T
  const request = (n: number): Buffer => {
    if (n % 10 === 9) return Buffer.from(Array.from({ length: 1 + pick(400) }, () => pick(256)))
    const end = of(ends)
    // Every second request is well formed but for one part, so that it gets past the parser.
    const isNearlyRight = n % 2 === 0
    const line = isNearlyRight
      ? `${of(['GET', 'POST', 'HEAD'])} ${of(targets)} HTTP/1.1`
      : `${of(methods)} ${of(targets)} ${of(versions)}`
    const given = isNearlyRight
      ? [...(pick(4) === 0 ? [] : ['Host: localhost']), ...(pick(2) === 0 ? [of(headers)] : [])]
      : Array.from({ length: pick(4) }, () => of(headers))
    const separator = isNearlyRight ? '\r\n' : end
    const text = `${[line, ...given, ''].join(separator)}${separator}${of(bodies)}`
    return Buffer.from(text, 'latin1')
  }
  return Array.from({ length: count }, (_, n) => request(n))
}
