/**
 * What each of the pipeline's processes sees of the environment: the settings that its schema names, and what any process needs to
 * run. So a process has no secret that is not for its work.
 */
import type { z } from 'zod'
import { attributionFields } from '../../attribution/config.ts'
import { consoleFields } from '../../control/config.ts'
import { dispatchFields } from '../../dispatch/config.ts'
import { gatewayFields } from '../../gateway/config.ts'
import { ingestFields } from '../../ingest/config.ts'
import { keywordListFields, keywordsFields } from '../../keywords/config.ts'
import { fields } from '../../runtime/config.ts'
import type { KeyHolder } from '../../runtime/keys/key-holders.ts'
import { pickEnvironment } from '../processes/environment.ts'
import { simulatorFields } from '../simulator/config.ts'

/** Processes of the pipeline by the names that `signals up` shows; `console` is control's. */
export type ServiceName = Exclude<KeyHolder, 'control'> | 'console' | 'simulator'

const forNode = /^(?:NODE_\w+|OTEL_\w+|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)$/
/** The gateway reads these by the name of the source. */
const ofSources = /^[A-Z0-9_]+_(?:WEBHOOK_SECRET|VERIFY_TOKEN|APP_ID)(?:_FILE)?$/
/** Where the AWS SDK finds its credentials. */
const ofAws = /^AWS_\w+$/
/** Each process gets SIGNALS_KEYS in their place. */
const masterKey = /^(?:SIGNALS_MASTER_KEY|VAULT_)/

const shapes: Readonly<Record<ServiceName, z.ZodRawShape>> = {
  gateway: gatewayFields,
  ingest: { ...fields, ...ingestFields },
  attribution: { ...fields, ...attributionFields },
  keywords: { ...fields, ...keywordsFields },
  dispatch: { ...fields, ...dispatchFields },
  console: { ...consoleFields, ...keywordListFields },
  simulator: simulatorFields,
}

export const serviceNames = Object.keys(shapes) as readonly ServiceName[]

/** The settings that the service reads. */
export const fieldsOf = (service: ServiceName): z.ZodRawShape => shapes[service]

export const serviceEnvironment = (service: ServiceName, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const names = new Set(Object.keys(shapes[service]))
  const isSetting = (name: string) => names.has(name) || names.has(name.replace(/_FILE$/, ''))
  const logsInByAws = service !== 'simulator' && env.KAFKA_SASL_MECHANISM === 'AWS_MSK_IAM'
  return pickEnvironment(
    env,
    (name) =>
      // The process reads the file itself, also when it changes.
      !env[`${name}_FILE`] &&
      (forNode.test(name) ||
        (isSetting(name) && !masterKey.test(name)) ||
        (logsInByAws && ofAws.test(name)) ||
        (service === 'gateway' && ofSources.test(name))),
  )
}
