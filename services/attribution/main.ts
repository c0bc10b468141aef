import { letOldGenerationGrow } from '../runtime/process/old-generation.ts'
import { runProcess } from '../runtime/process/own-process.ts'
import { attributionService } from './service.ts'

letOldGenerationGrow()
runProcess(attributionService)
