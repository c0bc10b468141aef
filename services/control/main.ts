import { runProcess } from '../runtime/process/own-process.ts'
import { controlService } from './service.ts'

runProcess(controlService)
