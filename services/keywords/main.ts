import { letOldGenerationGrow } from '../runtime/process/old-generation.ts'
import { runProcess } from '../runtime/process/own-process.ts'
import { keywordsService } from './service.ts'

letOldGenerationGrow()
runProcess(keywordsService)
