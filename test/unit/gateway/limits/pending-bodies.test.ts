import { PendingBodies, type PendingBody } from '../../../../services/gateway/limits/pending-bodies.ts'

const limits = { process: 100, source: 60, account: 30 }

const open = () => {
  const bodies = new PendingBodies(limits)
  const ended: string[] = []
  const body = (name: string, source = 'whatsapp', account: string | null = null): PendingBody => {
    const entry = bodies.open(source, account, () => {
      ended.push(name)
      bodies.close(entry)
    })
    return entry
  }
  return { bodies, ended, body }
}

describe('unfinished bodies', () => {
  it('beyond the limit of a source give up the oldest, not the one that arrives', () => {
    const { bodies, ended, body } = open()
    for (const name of ['a', 'b', 'c']) bodies.grow(body(name), 20)
    const honest = body('honest')
    bodies.grow(honest, 1)
    expect(ended).toEqual(['a'])
    bodies.close(honest)
    expect(bodies.bytes).toBe(40)
  })

  it('of one source do not touch another', () => {
    const { bodies, ended, body } = open()
    const other = body('other', 'line')
    bodies.grow(other, 30)
    for (let n = 0; n < 10; n++) bodies.grow(body(`w${n}`), 20)
    expect(ended).toEqual(['w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6'])
    expect(other.bytes).toBe(30)
  })

  it('of one account give up their own first', () => {
    const { bodies, ended, body } = open()
    bodies.grow(body('other', 'whatsapp', '2'), 20)
    bodies.grow(body('first', 'whatsapp', '1'), 20)
    bodies.grow(body('second', 'whatsapp', '1'), 20)
    expect(ended).toEqual(['first'])
  })

  it('of made-up accounts share the limit of their source', () => {
    const { bodies, ended, body } = open()
    for (let n = 0; n < 4; n++) bodies.grow(body(`x${n}`, 'whatsapp', String(n)), 20)
    expect(ended).toEqual(['x0'])
  })

  it('of all sources share the limit of the process', () => {
    const { bodies, ended, body } = open()
    for (const source of ['a', 'b', 'c', 'd', 'e', 'f']) bodies.grow(body(source, source), 20)
    expect(ended).toEqual(['a'])
    expect(bodies.bytes).toBe(100)
  })

  it('without a byte yet make no room, and are left alone', () => {
    const { bodies, ended, body } = open()
    body('silent')
    bodies.grow(body('a'), 61)
    expect(ended).toEqual(['a'])
    expect(bodies.bytes).toBe(0)
  })

  it('leave nothing behind', () => {
    const { bodies, body } = open()
    const all = ['a', 'b'].map((name) => body(name, name, 'x'))
    for (const one of all) bodies.grow(one, 10)
    for (const one of all) bodies.close(one)
    for (const one of all) bodies.close(one)
    expect(bodies.bytes).toBe(0)
  })
})
