import { runProcess } from '../../runtime/process/own-process.ts'
import { simulatorService } from './service.ts'

runProcess(simulatorService)
