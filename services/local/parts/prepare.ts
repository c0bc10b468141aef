/** `make prepare`: fetches the parts, and makes the archives of their classes, so that later starts are quick. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ports } from '../free-ports.ts'
import { partEnvironment } from '../processes/environment.ts'
import { fetchArtefacts } from './artefacts.ts'
import { archiveFiles, makeArchive } from './class-archive.ts'
import { kafkaPart, registryPart } from './parts.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const artefacts = await fetchArtefacts(process.env, print)
const files = archiveFiles(artefacts)
const env = partEnvironment(process.env)
const folder = mkdtempSync(join(tmpdir(), 'signals-prepare-'))
try {
  const ports = new Ports(folder)
  const [kafka, controller] = [await ports.take('kafka'), await ports.take('kafka-controller')]
  const registry = await ports.take('registry')
  if (!existsSync(files.kafka)) {
    print('preparing Kafka …')
    await makeArchive(files.kafka, (folders, options) => kafkaPart(artefacts, kafka, controller, folders, env, options))
  }
  if (!existsSync(files.registry)) {
    print('preparing the schema registry …')
    await makeArchive(files.registry, (folders, options) => registryPart(artefacts, registry, folders, env, options))
  }
  print('Kafka and the registry start from archives of their classes')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
