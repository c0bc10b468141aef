/** Mistakes of a newcomer with connections, connectors, tokens and keys: each answer names the cause and the remedy. */
import { addresses, expectAnswer, type Mistake } from '../../support/mistakes.ts'

const connection = {
  connectionId: 'acme-wa',
  tenantId: 'acme',
  source: 'whatsapp',
  accountId: '106540352242922',
  advertiserId: '7000000000001',
  eventSetId: '9000000000001',
  accessToken: 'any-token',
}
const file = (fields: object) => JSON.stringify({ ...connection, ...fields })
const event = {
  source: 'whatsapp',
  accountId: '1',
  channel: 'whatsapp',
  conversationId: 'c',
  messageId: 'm',
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  occurredAt: 1_795_000_000_000,
  timeSource: 'event',
  text: 'hola',
  textOrigin: 'typed',
}
const eventLine = (fields: object) => `${JSON.stringify({ ...event, ...fields })}\n`
const master = Buffer.alloc(32, 7).toString('base64')

const mistakes: readonly Mistake[] = [
  { what: 'a misspelt sub-command', args: 'connections lst', says: ['unknown command', 'Did you mean list?'] },
  { what: 'a missing argument', args: 'connections show', says: ["missing required argument 'id'", '--help'] },
  { what: 'a missing option', args: 'connections add', says: ["'--file <file>' not specified", '--help'] },
  { what: 'an argument too many', args: 'connections list all', says: ['too many arguments', '--help'] },
  { what: 'a file without --file', args: 'connections add acme.json', says: ['--file'] },
  { what: 'no sub-command', args: 'connections', says: ['Commands:', 'add', 'list'] },
  {
    what: 'only Kafka is named',
    args: 'connections list',
    env: { KAFKA_BROKERS: '127.0.0.1:1' },
    says: ['SCHEMA_REGISTRY_URL is not set', 'or set SCHEMA_REGISTRY_URL'],
  },

  {
    what: 'a connection before there is a pipeline',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({}) },
    says: ['no pipeline runs on FOLDER/.signals: start one with `signals up`, or set'],
  },

  // Connection files.
  {
    what: 'a connection file that is not there',
    args: 'connections add --file FOLDER/none.json',
    says: ['connection file', 'none.json', 'there is no such file'],
  },
  { what: 'a folder for a connection file', args: 'connections add --file FOLDER', says: ['it is a folder'] },
  {
    what: 'an empty connection file',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '' },
    says: ['the connection file', 'empty'],
  },
  {
    what: 'a comma too many',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '{\n "connectionId": "a",\n}' },
    says: ['the connection file', 'line 3', 'JSON'],
  },
  {
    what: 'a quote too few',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '{\n "connectionId": "a,\n "tenantId": "b"\n}' },
    says: ['line 2', 'JSON'],
  },
  {
    what: 'a list of connections',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '[]' },
    says: ['connection: must be an object'],
  },
  {
    what: 'a missing field',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ tenantId: undefined }) },
    says: ['tenantId: is missing'],
  },
  {
    what: 'a number for an id',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ accountId: 106540352242922 }) },
    says: ['accountId: must be text'],
  },
  {
    what: 'a misspelt field',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ advertiserID: '7' }) },
    says: ['unknown field: advertiserID', 'did you mean advertiserId?'],
  },
  {
    what: 'a source in capitals',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ source: 'WhatsApp' }) },
    says: ['source: must be a lower-case name such as "whatsapp"'],
  },
  {
    what: 'an id with a space',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ connectionId: 'acme wa' }) },
    says: ['connectionId: must be 1 to 128 of letters'],
  },
  {
    what: 'a token with a line break',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ accessToken: 'abc\n' }) },
    says: ['accessToken: must be the token alone'],
  },
  {
    what: 'a window that is too long',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ attributionWindowDays: 90 }) },
    says: ['attributionWindowDays: must be at most 28'],
  },
  {
    what: 'a time in seconds',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ authorisedAt: 1_795_000_000 }) },
    says: ['authorisedAt: must be milliseconds'],
  },
  {
    what: 'yes for true',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ sandbox: 'yes' }) },
    says: ['sandbox: must be true or false'],
  },
  {
    what: 'an unknown origin',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ keywordOrigins: ['spoken'] }) },
    says: ['keywordOrigins.0: must be one of', '"typed"'],
  },
  {
    what: 'a test code that is none',
    args: 'connections test-code acme a+b',
    says: ['test code must be', 'TEST12345'],
  },
  { what: 'no test code', args: 'connections test-code acme', says: ['name the code', '--clear'] },
  { what: 'a retry of nothing', args: 'connections retry', says: ['name a connection, or --all'] },
  {
    what: 'a token without a tenant',
    args: 'tokens create --scope ingest',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['--tenant', '--all-tenants'],
  },
  {
    what: 'a token with an unknown scope',
    args: 'tokens create --tenant acme --scope write',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['--scope', 'ingest'],
  },
  {
    what: 'keys of an unknown process',
    args: 'keys issue kafka',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['kafka', 'ingest'],
  },

  // Events of a connector.
  {
    what: 'an event without a field',
    args: 'connectors check --file FOLDER/e',
    files: { e: eventLine({ messageId: undefined }) },
    code: 1,
    says: ['messageId', 'is missing'],
  },
  {
    what: 'an event with a time in seconds',
    args: 'connectors check --file FOLDER/e',
    files: { e: eventLine({ occurredAt: 1_795_000_000 }) },
    code: 1,
    says: ['occurredAt', 'milliseconds'],
  },
  {
    what: 'an event that is no JSON',
    args: 'connectors check --file FOLDER/e',
    files: { e: 'hello\n' },
    code: 1,
    says: ['line 1', 'JSON'],
  },
  {
    what: 'events of an empty file',
    args: 'connectors check --file FOLDER/e',
    files: { e: '' },
    code: 1,
    says: ['no event'],
  },
]

it.each(mistakes.map((mistake) => [mistake.what, mistake] as const))(
  'a mistake with connections: %s',
  (_what, mistake) => expectAnswer(mistake),
)
