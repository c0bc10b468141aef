import type { SchemaRegistry } from '../../services/runtime/ports.ts'

const schema = (name: string, ...fields: object[]) =>
  JSON.stringify({ type: 'record', name, fields: [{ name: 'id', type: 'string' }, ...fields] })

/** Names the subjects: a registry keeps those of an earlier run. */
let n = Math.trunc(Math.random() * 1e9)

/** Run against memory in test/unit and against the real registry in test/integration. */
export const registryContract = (name: string, open: () => SchemaRegistry) =>
  describe(`${name} honours the registry contract`, () => {
    const subject = () => `it-${process.pid}-${n++}-value`

    it('gives the same id for the same schema, and the schema for the id', async () => {
      const registry = open()
      const [own, text] = [subject(), schema(`R${process.pid}${n}`)]
      const id = await registry.register(own, text)
      expect(await registry.register(own, text)).toBe(id)
      expect(JSON.parse((await registry.schemaById(id)) as string)).toEqual(JSON.parse(text))
    })

    it('gives another id for another schema', async () => {
      const registry = open()
      const one = await registry.register(subject(), schema(`A${process.pid}${n}`))
      expect(await registry.register(subject(), schema(`B${process.pid}${n}`))).not.toBe(one)
    })

    it('has no schema for an unknown id', async () => {
      expect(await open().schemaById(987_654_321)).toBeNull()
    })

    it('checks the compatibility of schemas of a known subject only', async () => {
      const registry = open()
      const [own, text] = [subject(), schema(`D${process.pid}${n}`)]
      expect(await registry.isCompatible(own, text)).toBeNull()
      await registry.register(own, text)
      expect(await registry.isCompatible(own, text)).toBe(true)
    })

    it('gives the newest schema of a subject', async () => {
      const registry = open()
      const own = subject()
      expect(await registry.latest(own)).toBeNull()
      await registry.register(own, schema(`E${process.pid}${n}`))
      const newer = schema(`E${process.pid}${n}`, { name: 'more', type: ['null', 'string'], default: null })
      await registry.register(own, newer)
      expect(JSON.parse((await registry.latest(own)) as string)).toEqual(JSON.parse(newer))
    })

    it('accepts a compatibility level', async () => {
      const registry = open()
      const own = subject()
      await registry.register(own, schema(`C${process.pid}${n}`))
      await expect(registry.setCompatibility(own, 'FULL_TRANSITIVE')).resolves.toBeUndefined()
    })
  })
