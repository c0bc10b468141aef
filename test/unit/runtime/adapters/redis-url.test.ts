import { parseRedisUrl, redisUrlProblem } from '../../../../services/runtime/adapters/redis-url.ts'

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { nodes: [{ host: 'localhost', port: 6379 }], cluster: false, tls: false, db: 0 }],
    ['redis://127.0.0.1:7001/3', { nodes: [{ host: '127.0.0.1', port: 7001 }], cluster: false, tls: false, db: 3 }],
    [
      'rediss://user:p%40ss@r.example:7001',
      {
        nodes: [{ host: 'r.example', port: 7001 }],
        cluster: false,
        tls: true,
        db: 0,
        username: 'user',
        password: 'p@ss',
      },
    ],
    [
      'redis://:secret@[::1]:7001',
      { nodes: [{ host: '::1', port: 7001 }], cluster: false, tls: false, db: 0, password: 'secret' },
    ],
    [
      'redis://a:7001,b:7002,c',
      {
        nodes: [
          { host: 'a', port: 7001 },
          { host: 'b', port: 7002 },
          { host: 'c', port: 6379 },
        ],
        cluster: true,
        tls: false,
        db: 0,
      },
    ],
    ['redis://a:7001/0?cluster=true', { nodes: [{ host: 'a', port: 7001 }], cluster: true, tls: false, db: 0 }],
    [
      'rediss://u:p@a,b:7002/2?sentinel=main',
      {
        nodes: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 7002 },
        ],
        ...{ cluster: false, sentinel: 'main', tls: true, db: 2, username: 'u', password: 'p' },
      },
    ],
  ])('reads %s', (url, expected) => expect(parseRedisUrl(url)).toEqual(expected))

  it.each([
    ['http://a', /must be a redis/],
    ['redis://a:b:c', /each node/],
    ['redis://a,b/2', /only database 0/],
  ])('refuses %s', (url, problem) => {
    expect(redisUrlProblem(url)).toMatch(problem)
    expect(() => parseRedisUrl(url)).toThrow(problem)
  })
})
