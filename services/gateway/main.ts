import { runProcess } from '../runtime/process/own-process.ts'
import { gatewayService } from './service.ts'

runProcess(gatewayService)
