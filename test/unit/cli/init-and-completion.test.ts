import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completionScript } from '../../../services/cli/commands/completion/scripts.ts'
import { filesOf, nextSteps } from '../../../services/cli/commands/init/files.ts'
import { parseKeywordList } from '../../../services/keywords/lists/list-file.ts'
import { parseDraft } from '../../../services/shared/connections/connection-file.ts'
import { make } from '../../support/mistakes.ts'

const answers = { source: 'whatsapp', accountId: '1', tenantId: 'Acme Ltd', advertiserId: '7', eventSetId: '9' }
const options = '--source whatsapp --account 1 --tenant "Acme Ltd" --advertiser 7 --event-set 9'

describe('signals init', () => {
  it('writes a connection, a list and settings that the pipeline takes', () => {
    const files = filesOf(answers, 'x'.repeat(32))
    expect(parseDraft(JSON.parse(files['connection.json'] as string))).toMatchObject({
      ...answers,
      connectionId: 'acme-ltd-whatsapp',
    })
    expect(parseKeywordList(files['keywords.csv'] as string).entries.length).toBeGreaterThan(2)
    expect(files['.env']).toContain(`INGEST_TOKEN=${'x'.repeat(32)}\n`)
  })

  it('takes its answers from options, keeps the files to their owner, and replaces none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signals-init-'))
    try {
      const first = await make({ what: '', args: `init ${options} --folder ${folder}`, says: [] })
      expect(first.code).toBe(0)
      for (const step of nextSteps(folder)) expect(first.text).toContain(step)
      expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0)
      const written = readFileSync(join(folder, '.env'), 'utf8')
      const again = await make({ what: '', args: `init ${options} --folder ${folder}`, says: [] })
      expect(again).toMatchObject({ code: 3, text: expect.stringContaining('--force replaces') })
      expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(written)
      expect(await make({ what: '', args: `init ${options} --folder ${folder} --force`, says: [] })).toMatchObject({
        code: 0,
      })
      expect(readFileSync(join(folder, '.env'), 'utf8')).not.toBe(written)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('signals completion', () => {
  const commands = [
    {
      name: 'connections',
      about: "which account's",
      options: ['--help'],
      subs: [{ name: 'add', about: 'add one', options: ['--file', '--json', '--help'] }],
    },
    { name: 'up', about: 'start', options: ['--compact', '--help'], subs: [] },
  ]

  it.each([
    [['signals', 'co'], ['connections']],
    [
      ['signals', 'connections', ''],
      ['add', '--help'],
    ],
    [['signals', 'connections', 'add', '--f'], ['--file']],
    [
      ['signals', 'up', '--'],
      ['--compact', '--help'],
    ],
  ])('completes %j in bash', (line, expected) => {
    const run = `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _signals; echo "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', `${completionScript('bash', commands)}\n${run}`], {
      encoding: 'utf8',
    })
    expect({ found: stdout.trim().split(' '), stderr }).toEqual({ found: expected, stderr: '' })
  })

  it('names each command and option to fish, with quotes of its own', () => {
    const script = completionScript('fish', commands)
    expect(script).toContain("-a connections -d 'which account\\'s'")
    expect(script).toMatch(/__fish_seen_subcommand_from add' -l file/)
  })

  it('knows every command and its options', async () => {
    const { code, text } = await make({ what: '', args: 'completion bash', says: [] })
    expect(code).toBe(0)
    for (const part of ['"connections retry") known="--all', ' replay) known="--from', 'completion'])
      expect(text).toContain(part)
  })
})
