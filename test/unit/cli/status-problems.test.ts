import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { problemLines, readProblems } from '../../../services/cli/commands/status/problems.ts'

const problem = {
  severity: 'page',
  text: 'kafka does not answer',
  runbook: 'SignalsDependencyDown',
  effects: ['ingest waits (kafka)'],
}

describe('the problems of `signals status`', () => {
  it('are a line each, with what follows and what to do', () =>
    expect(
      problemLines([
        problem,
        {
          ...problem,
          severity: 'notice',
          text: 'no list',
          runbook: null,
          effects: [],
          remedy: 'Import one: `signals keywords import FILE`.',
        },
      ]),
    ).toEqual([
      'page: kafka does not answer',
      '    from this: ingest waits (kafka)',
      '    → docs/runbooks/SignalsDependencyDown.md',
      'notice: no list',
      '    → Import one: signals keywords import FILE.',
    ]))

  it("are those of control's overview, read with the first of its tokens", async () => {
    const seen: unknown[] = []
    const server = createServer((request, response) => {
      seen.push([request.url, request.headers.authorization])
      response.end(JSON.stringify({ problems: [problem] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      expect(await readProblems(url, '/nowhere', { ADMIN_TOKEN: 'first-token, second-token' })).toEqual([problem])
      expect(seen).toEqual([['/admin/v1/overview', 'Bearer first-token']])
    } finally {
      server.close()
    }
    expect(await readProblems(url, '/nowhere', { ADMIN_TOKEN: 'first-token' })).toBeNull()
    expect(await readProblems(url, '/nowhere', {})).toBeNull()
  })
})
