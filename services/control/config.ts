import { z } from 'zod'
import { csv, fields, port, tokens } from '../runtime/config.ts'
import { oauthFields } from '../shared/connections/tiktok/settings.ts'
import { secureUrl } from '../shared/text/secure-url.ts'
import { type StageName, stageNames } from '../topology.ts'
import { roles } from './access/authenticator.ts'

const claimPath = z.string().min(1).max(200)

/** `signals-admin=admin,ops=operator` */
const roleMap = csv
  .refine(
    (pairs) => pairs.every((pair) => roles.some((role) => pair.length > role.length + 1 && pair.endsWith(`=${role}`))),
    `must be value=role, several comma separated; roles: ${roles.join(', ')}`,
  )
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.lastIndexOf('=')
        return [pair.slice(0, at), pair.slice(at + 1) as (typeof roles)[number]]
      }),
    ),
  )

/** `gateway=http://gateway:9100/metrics,ingest=http://ingest:9100/metrics` */
const stageUrls = csv
  .refine(
    (pairs) =>
      pairs.every((pair) => {
        const [stage = '', url = ''] = pair.split(/=(.*)/s)
        return (
          (stageNames as readonly string[]).includes(stage) &&
          /^https?:\/\/\S+\/metrics$/.test(url) &&
          URL.canParse(url)
        )
      }),
    `must be stage=URL of its /metrics, several comma separated; stages: ${stageNames.join(', ')}`,
  )
  .transform((pairs) =>
    Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [StageName, string])),
  )

export const consoleFields = {
  ...fields,
  ...oauthFields,
  /** The operators' listener. */
  CONSOLE_PORT: port.default(0),
  /** Address of the operators' listener; default: BIND_ADDRESS. */
  CONSOLE_BIND_ADDRESS: z.string().optional(),
  /** Address at which operators' browsers reach the console. Default: its listening address. */
  CONSOLE_URL: secureUrl.optional(),
  /** Further host names of the operators' listener; that of CONSOLE_URL and this machine's own count always. */
  CONSOLE_ALLOWED_HOSTS: csv.default([]),
  /** The public listener, for TikTok's callback. */
  CALLBACK_PORT: port.default(0),
  /** Address of the public listener; default: BIND_ADDRESS. */
  CALLBACK_BIND_ADDRESS: z.string().optional(),
  /** Address at which browsers reach the public listener. Default: its listening address. */
  CONSOLE_PUBLIC_URL: secureUrl.optional(),
  /** Bearer tokens with the role admin for all tenants; several while one is replaced. Others are in `tokens.v1`. */
  ADMIN_TOKEN: tokens.default([]),
  /** Sent to the gateway's status server, to read the accounts without a connection. */
  STATUS_TOKEN: tokens.default([]),
  /** Where the stages' metrics are, where `signals up` does not run them. A host name with several addresses is as many instances. */
  STAGE_METRICS_URLS: stageUrls.default({}),
  /** Login provider (OpenID Connect). Unset: login by token and link only. */
  OIDC_ISSUER: secureUrl.optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  /** Unset: a public client, with PKCE alone. */
  OIDC_CLIENT_SECRET: z.string().optional(),
  OIDC_SCOPES: z.string().default('openid profile email'),
  OIDC_ROLE_CLAIM: claimPath.default('roles'),
  OIDC_ROLES: roleMap.default({
    'signals-viewer': 'viewer',
    'signals-operator': 'operator',
    'signals-admin': 'admin',
  }),
  OIDC_NAME_CLAIM: claimPath.default('email'),
  /** Unset: everybody who logs in sees all tenants. */
  OIDC_TENANT_CLAIM: claimPath.optional(),
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
  /** Where the console reads its history; unset: its own, in Redis. */
  PROMETHEUS_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  /** Judges whether the rules of a rule set can be sent; that of dispatch. */
  TIKTOK_WIRE_PROFILE: z.string().optional(),
  /** Shipped sources whose signature a custom mapping may replace. */
  ALLOW_SIGNATURE_CHANGE: csv.default([]),
}
export type ConsoleConfig = z.output<z.ZodObject<typeof consoleFields>>
