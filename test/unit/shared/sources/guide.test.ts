import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkMapping } from '../../../../services/shared/sources/check.ts'
import { deliveryOf } from '../../../support/deliveries.ts'

const root = join(import.meta.dirname, '../../../..')
const guide = readFileSync(join(root, 'docs/sources/new-source.md'), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text ?? '')

describe('the guide to a new source', () => {
  const mapping = blocks('text').join('')

  it('contains the shipped mapping, part by part', () => {
    expect(mapping).toBe(readFileSync(join(root, 'services/shared/sources/mappings/example-partner.yaml'), 'utf8'))
  })

  it('states the results of its sample', () => {
    const { ok, items, unread } = checkMapping(mapping, 'my-partner.yaml').check(
      deliveryOf('example-partner', blocks('json')[0] ?? ''),
    )
    expect(ok).toBe(true)
    expect(
      items.map((item) => (item.became === 'event' ? item.event.kind : item.became === 'ignored' && item.reason)),
    ).toEqual(['referral', 'message', 'message', 'read', 'message', 'edit', 'unknown'])
    expect(unread.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['body.batches[].page.name', 'body.delivery.id']),
    )
  })
})
