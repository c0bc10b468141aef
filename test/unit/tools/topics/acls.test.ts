import { consumerGroups } from '../../../../services/consumer-groups.ts'
import { allTopics } from '../../../../services/derived-topics.ts'
import { aclCommands, aclProcesses, aclsOf } from '../../../../services/tools/topics/acls.ts'

const topicRights = (process: (typeof aclProcesses)[number], operation: string) =>
  aclsOf(process, '').flatMap(({ resource, name, operations }) =>
    resource === 'topic' && (operations as readonly string[]).includes(operation) ? [name] : [],
  )

describe('the least rights', () => {
  it('name topics of the topology only, behind the prefix', () => {
    const names = new Set(allTopics.map(({ name }) => `acme.${name}`))
    for (const process of aclProcesses)
      for (const { resource, name } of aclsOf(process, 'acme.'))
        expect(resource === 'topic' ? names.has(name) : name.startsWith('acme.signals-')).toBe(true)
  })

  it('let each stage write what it produces, and nothing else', () => {
    expect(topicRights('gateway', 'Write')).toEqual(['channel-events.v1'])
    expect(topicRights('keywords', 'Write').sort()).toEqual([
      'attributed-messages.keywords.dead.v1',
      'rule-state.v1',
      'signals.v1',
    ])
    expect(topicRights('ingest', 'Write')).toContain('channel-events.ingest.quarantine.v1')
    expect(topicRights('ingest', 'Read')).toContain('channel-events.ingest.dead.v1')
    expect(topicRights('attribution', 'Write')).not.toContain('messages.v1')
    expect(topicRights('dispatch', 'Read')).not.toContain('channel-events.v1')
    for (const process of aclProcesses.filter((one) => one !== 'operator'))
      for (const operation of ['Create', 'Alter', 'AlterConfigs']) expect(topicRights(process, operation)).toEqual([])
  })

  it('let each stage join its groups', () => {
    for (const { group, stage } of consumerGroups)
      expect(aclsOf(stage, '')).toContainEqual({
        ...{ resource: 'group', name: group, pattern: 'literal', operations: ['Read'] },
      })
  })

  it('are commands of kafka-acls', () => {
    expect(aclCommands(aclsOf('gateway', 'acme.'), 'User:shop-gateway').at(-1)).toBe(
      'kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --command-config admin.properties --add --allow-principal User:shop-gateway --operation Describe --resource-pattern-type prefixed --group acme.signals-gateway',
    )
  })
})
