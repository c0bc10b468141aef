import { spawn } from 'node:child_process'
import { isPartOf, leftovers, type ProcessFacts } from '../../../../services/local/processes/leftovers.ts'

const folder = '/home/me/.signals'
const facts = (fields: Partial<ProcessFacts>): ProcessFacts => ({
  program: 'node',
  arguments: [],
  environment: [],
  workingFolder: '/home/me',
  ...fields,
})

describe('parts that were left behind', () => {
  it.each<[string, boolean, Partial<ProcessFacts>]>([
    ['the Redis of the folder', true, { program: 'redis-server', workingFolder: `${folder}/redis` }],
    [
      'its Redis after the folder was deleted',
      true,
      { program: 'redis-server', workingFolder: `${folder}/redis (deleted)` },
    ],
    ['the Redis of another folder', false, { program: 'redis-server', workingFolder: `${folder}-2/redis` }],
    ['a shell in the folder', false, { program: 'bash', workingFolder: `${folder}/redis` }],
    ['its Kafka', true, { program: 'java', arguments: ['kafka.Kafka', `${folder}/kafka.properties`] }],
    ['another Kafka', false, { program: 'java', arguments: ['kafka.Kafka', '/etc/kafka.properties'] }],
    [
      'its registry',
      true,
      { program: 'java', environment: [`APICURIO_DATASOURCE_URL=jdbc:h2:file:${folder}/registry/db`] },
    ],
    ['an editor of its files', false, { program: 'vi', arguments: [`${folder}/kafka.properties`] }],
  ])('are recognised: %s', (_what, isPart, fields) => {
    expect(isPartOf(folder, facts(fields))).toBe(isPart)
  })

  it('are none where no part runs', () => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' })
    try {
      expect(leftovers(process.cwd())).toEqual([])
    } finally {
      child.kill()
    }
  })
})
