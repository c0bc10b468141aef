import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../../docs/decisions')

it('each decision has a number of its own, in its name as in its title', () => {
  const files = readdirSync(folder)
  const numbers = files.map((file) => /^(\d{3})-[a-z0-9-]+\.md$/.exec(file)?.[1])
  expect(new Set(numbers).size).toBe(files.length)
  const titles = files.map((file) => /^# (\d{3})/.exec(readFileSync(join(folder, file), 'utf8'))?.[1])
  expect(titles).toEqual(numbers)
})
