import { isForeignName, namesForeign } from '../../../../services/shared/connections/extractors/foreign-ids.ts'

describe("other systems' click ids", () => {
  it.each(['gclid', 'FBCLID', '_fbc', 'ldtag_cl', 'ysclid', 'obclid', 'tblci', 'irclickid', 'qclid', 'vmcid'])(
    'are refused by name: %s',
    (name) => expect(isForeignName(name)).toBe(true),
  )

  it.each(['ttclid', 'epik_code', 'my_gclid'])('are not %s', (name) => expect(isForeignName(name)).toBe(false))

  it.each([
    '[?&]gclid=([A-Za-z0-9_-]+)',
    '\\bfbclid\\b[:=](\\w+)',
    '(?i:[Gg]CLID)=([^&]+)',
    '(?:utm|ysclid)=(.+)',
    'li\\_fat_id=([a-z]+)',
    'igshid\\W(.+)',
  ])('are refused in a pattern: %s', (pattern) => expect(namesForeign(pattern)).toBe(true))

  it.each(['(EPIK-\\d+)', '(epik\\d{4})', 'EPIK([A-Z0-9]{6})', '(\\w*-epik-\\d+)', 'nogclid=(\\d+)'])(
    'are not a code that only begins like one: %s',
    (pattern) => expect(namesForeign(pattern)).toBe(false),
  )
})
