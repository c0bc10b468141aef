import { table } from '../../../services/cli/output.ts'

describe('a table', () => {
  it('steers no terminal, whatever its values hold', () => {
    const rows = [
      ['a', 'b'],
      ['\u001b[2J', 'x\u202ey\u0000\n'],
    ]
    expect(table(rows)).toBe('a     b\n\ufffd[2J  x\ufffdy\ufffd\ufffd')
  })
  it('keeps letters of any script', () => expect(table([['ñ', '支付 👩‍💻']])).toBe('ñ  支付 👩‍💻'))
})
