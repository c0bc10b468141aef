/** Writes the documents for authors of connectors to docs/, and the types of the console's client. A test fails while they differ from the code. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { adminOpenApi } from './admin.ts'
import { clientTypes, clientTypesFile } from './client-types.ts'
import { apiDocuments } from './documents.ts'

const root = join(import.meta.dirname, '../..')
const write = (file: string, text: string) => {
  writeFileSync(join(root, file), text)
  process.stdout.write(`${file}\n`)
}
for (const [file, text] of Object.entries(apiDocuments())) write(`docs/${file}`, text)
write(clientTypesFile, clientTypes(adminOpenApi()))
