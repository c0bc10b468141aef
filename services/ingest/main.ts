import { letOldGenerationGrow } from '../runtime/process/old-generation.ts'
import { runProcess } from '../runtime/process/own-process.ts'
import { ingestService } from './service.ts'

letOldGenerationGrow()
runProcess(ingestService)
