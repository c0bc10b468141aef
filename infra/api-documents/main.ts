/** Writes the documents for authors of connectors to docs/. A test fails while they differ from the code. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiDocuments } from './documents.ts'

const folder = join(import.meta.dirname, '../../docs')
for (const [file, text] of Object.entries(apiDocuments())) {
  writeFileSync(join(folder, file), text)
  process.stdout.write(`docs/${file}\n`)
}
