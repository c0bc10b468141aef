/** Mistakes of a newcomer in the arguments and files of commands: each answer names the cause and the remedy. */
import { identifyProcess } from '../../../services/local/processes/processes.ts'
import { addresses, expectAnswer, type Mistake } from '../../support/mistakes.ts'

/** As of a `signals up` that has no addresses yet: this process. */
const starting = JSON.stringify({ supervisor: identifyProcess(process.pid), children: {}, addresses: null })

const mistakes: readonly Mistake[] = [
  // Commands and options.
  { what: 'a misspelt command', args: 'conections list', says: ['unknown command', 'Did you mean connections?'] },
  { what: 'a command of another tool', args: 'start', says: ["unknown command 'start'", 'signals --help'] },
  { what: 'an option without its value', args: 'lag --every', says: ['argument missing', '--help'] },
  { what: 'an unknown process', args: 'run kafka', says: ['there is no process kafka', 'gateway, ingest'] },

  // No pipeline.
  ...[
    'connections list',
    'keywords list',
    'lag',
    'breakers list',
    'replays list',
    'dead-letters list',
    'audit list',
  ].map(
    (args): Mistake => ({
      what: `no pipeline for ${args}`,
      args,
      says: ['no pipeline runs on FOLDER/.signals', 'start one with `signals up`'],
    }),
  ),
  { what: 'no pipeline for status', args: 'status', code: 1, says: ['no pipeline runs', 'npx signals up'] },
  ...['status', 'connections list', 'mappings list', 'doctor'].map(
    (args): Mistake => ({
      what: `a file in place of the data folder, for ${args}`,
      args,
      env: { SIGNALS_DATA_DIR: 'FOLDER/file' },
      files: { file: '' },
      says: ['SIGNALS_DATA_DIR: FOLDER/file is a file', 'set it to a folder'],
    }),
  ),
  ...[
    ['status', 1],
    ['connections list', 2],
  ].map(
    ([args, code]): Mistake => ({
      ...{ what: `${args} while the pipeline starts`, args: String(args), code: Number(code) },
      files: { '.signals/state.json': starting },
      says: ['the pipeline on FOLDER/.signals is still starting', 'wait until `signals up` says that it is ready'],
    }),
  ),

  // Keyword lists, rule sets, mappings.
  {
    what: 'a list that is not there',
    args: 'keywords test hola --file FOLDER/none.csv',
    says: ['keyword list', 'there is no such file'],
  },
  {
    what: 'an empty list',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': '' },
    says: ['keyword,flag'],
  },
  {
    what: 'a list with names only',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\n' },
    says: ['the list has no entries'],
  },
  {
    what: 'a list without names',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'pago,payment\n' },
    says: ['line 1: must name the columns: keyword,flag'],
  },
  {
    what: 'a row too long',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\npago,ya,payment\n' },
    says: ['line 2', 'quotes'],
  },
  {
    what: 'a flag with a space',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\npago,my flag\n' },
    says: ['line 2: flag'],
  },
  {
    what: 'an unclosed quote',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\n"pago,payment\n' },
    says: ['line 2', 'quote'],
  },
  {
    what: 'a list in broken JSON',
    args: 'keywords test hola --file FOLDER/k.json',
    files: { 'k.json': '{"entries": [\n  {"keyword": "pago" "flag": "x"}\n]}' },
    says: ['line 2', 'JSON'],
  },
  {
    what: 'a list that is an array',
    args: 'keywords test hola --file FOLDER/k.json',
    files: { 'k.json': '[{"keyword": "pago", "flag": "payment"}]' },
    says: ['list: must be an object', '"entries"'],
  },
  {
    what: 'a page in place of a list',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': '<html><body>Sign in</body></html>' },
    says: ['line 1: must name the columns: keyword,flag'],
  },
  {
    what: 'a folder in place of a list',
    args: 'keywords test hola --file FOLDER',
    says: ['keyword list', 'it is a folder'],
  },
  { what: 'a test without a text', args: 'keywords test', says: ['name the text: signals keywords test TEXT'] },
  {
    what: 'an import of a list that is none',
    args: 'keywords import FOLDER/k.csv',
    env: addresses,
    files: { 'k.csv': 'hola\n' },
    says: ['line 1: must name the columns'],
  },
  {
    what: 'a rule set that is no YAML',
    args: 'rules test --file FOLDER/r.yaml --events FOLDER/e',
    files: { 'r.yaml': 'rules:\n - event: "A\n', e: '' },
    says: ['line'],
  },
  {
    what: 'a rule set with a misspelt field',
    args: 'rules test --file FOLDER/r.yaml --events FOLDER/e',
    files: { 'r.yaml': 'rules:\n  - evnt: Lead\n    when: {outcome: lead}\n', e: '' },
    says: ['line 2', 'evnt', 'is no known field'],
  },
  { what: 'a mapping that is not there', args: 'mappings check FOLDER/none.yaml', says: ['there is no such file'] },
  {
    what: 'an empty mapping',
    args: 'mappings check FOLDER/m.yaml',
    files: { 'm.yaml': '' },
    code: 1,
    says: ['m.yaml:1:', /empty|must be/],
  },
  {
    what: 'a mapping with tabs',
    args: 'mappings check FOLDER/m.yaml',
    files: { 'm.yaml': 'source: acme\nevents:\n\t- kind: message\n' },
    code: 1,
    says: ['m.yaml:3:', /tab/i],
  },
  { what: 'a mapping of an unknown source', args: 'mappings show nope', says: ['nope', 'whatsapp'] },
  { what: 'a map without a source', args: 'map', says: ['--source'] },
  { what: 'a profile that is not there', args: 'profiles preview nope', says: ['nope', 'simulator-1'] },

  // Dates, numbers, ids.
  { what: 'a replay of nothing', args: 'replay', env: addresses, says: ['choose what to replay: --from TIME'] },
  {
    what: 'a time in words',
    args: 'replay --from yesterday',
    env: addresses,
    says: ['--from must be a time in ISO 8601', '2026-11-23'],
  },
  {
    what: 'a day that is none',
    args: 'replay --from 2026-13-01',
    env: addresses,
    says: ['--from must be a time in ISO 8601'],
  },
  { what: 'a time in the future', args: 'replay --from 2199-01-01', env: addresses, says: ['--from is in the future'] },
  {
    what: 'an end before its beginning',
    args: 'replay --from 2026-01-02 --to 2026-01-01',
    env: addresses,
    says: ['--to must be later than --from'],
  },
  {
    what: 'an unknown stage',
    args: 'replay --from 2026-01-01 --stage gateway',
    env: addresses,
    says: ['--stage must be one of'],
  },
  {
    what: 'a rate of none',
    args: 'replay --from 2026-01-01 --rate 0',
    env: addresses,
    says: ['--rate must be at least 1'],
  },
  {
    what: 'a filter that is none',
    args: 'replay --from 2026-01-01 --where text=pago',
    env: addresses,
    says: ['--where'],
  },
  {
    what: 'a report of a day that is none',
    args: 'report --all --from 23.11.2026 --to 2026-11-24',
    env: addresses,
    says: ['--from', '2026-11-23'],
  },
  { what: 'an audit trail of no entry', args: 'audit list --limit many', env: addresses, says: ['--limit', 'number'] },
  {
    what: 'a lag that is asked for too often',
    args: 'lag --watch --every soon',
    env: addresses,
    says: ['--every', 'seconds'],
  },
  {
    what: 'dead letters of an unknown stage',
    args: 'dead-letters list --stage gateway',
    env: addresses,
    says: ['--stage', 'ingest, attribution'],
  },
  {
    what: 'an explanation of nothing',
    args: 'explain --connection acme-wa',
    env: addresses,
    says: ['--conversation', '--message'],
  },
]

it.each([['--version'], ['-v'], ['version']])('the version is there for who asks by %s', (args) =>
  expectAnswer({ what: 'the version', args, code: 0, says: [/^\d+\.\d+\.\d+\n$/] }),
)

it.each([
  ['help connections', /Commands:\n[\s\S]*test-event/],
  ['help connections add', /Usage: signals connections add [\s\S]*--file <file>/],
  ['help', /signals --version/],
])('%s explains the command as --help does', (args, says) =>
  expectAnswer({ what: 'help', args, code: 0, says: [says] }),
)

it.each(mistakes.map((mistake) => [mistake.what, mistake] as const))('a mistake in commands: %s', (_what, mistake) =>
  expectAnswer(mistake),
)
