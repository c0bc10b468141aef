/** Opens the two listeners: the operators' and the public one. */
import { type LoginProvider, openLoginProvider } from '../../runtime/adapters/oidc.ts'
import { ConfigError } from '../../runtime/config.ts'
import type { Health } from '../../runtime/health/health.ts'
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Clock, Producer } from '../../runtime/ports.ts'
import type { Lifecycle } from '../../runtime/process/lifecycle.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { appendAudit } from '../../shared/audit/audit.ts'
import { TokenAttempts } from '../../shared/tokens/attempts.ts'
import type { Bearers } from '../../shared/tokens/bearers.ts'
import { AuditTrail } from '../access/audit-trail.ts'
import type { Principal, Role } from '../access/authenticator.ts'
import { LoginLinks } from '../access/login-links.ts'
import { Sessions } from '../access/sessions.ts'
import { tokenAuthenticator } from '../access/token-authenticator.ts'
import { adminApi } from '../admin/api.ts'
import type { ConsoleWork } from '../admin/console-endpoints.ts'
import type { AdminTools } from '../admin/handlers.ts'
import type { OpenedAdmin } from '../admin/open.ts'
import type { VersionWork } from '../admin/version-endpoints.ts'
import type { ConsoleConfig } from '../config.ts'
import type { Exporter } from '../exporter.ts'
import type { StatusReader } from '../status.ts'
import { plain } from './answer.ts'
import { callbackHandler } from './callback.ts'
import { type Handler, type Listener, listen } from './listener.ts'
import { type LoginTools, loginRoutes, oidcCallbackPath } from './login.ts'
import { operatorsHandler } from './operators.ts'
import { loadPageFiles, PageServer } from './page-files.ts'

interface Tools {
  readonly config: ConsoleConfig
  readonly clock: Clock
  readonly log: Logger
  readonly lifecycle: Lifecycle
  readonly codec: Codec
  readonly producer: Producer
  readonly status: StatusReader
  readonly exporter: Exporter
  readonly health: Health
  readonly bearers: Bearers
  readonly console: ConsoleWork
  readonly versions: VersionWork
  readonly actions: Pick<AdminTools, 'redrives' | 'replays' | 'installation'>
  openAdmin(publicUrl: string): OpenedAdmin
}

/** @throws ConfigError */
const providerOf = (config: ConsoleConfig, consoleUrl: string): LoginProvider | null => {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = config
  if (issuer === undefined) return null
  if (clientId === undefined)
    throw new ConfigError('OIDC_CLIENT_ID is not set: set it to the id under which OIDC_ISSUER knows the console')
  return openLoginProvider({
    ...{ issuer, clientId, clientSecret, scopes: config.OIDC_SCOPES },
    redirectUrl: new URL(oidcCallbackPath, consoleUrl).href,
  })
}

/** A listener whose handler is set once everything is wired: its port is part of the addresses that the handler names. */
const openListener = async (name: string, port: number, host: string, { log, lifecycle }: Tools) => {
  let handle: Handler = async () => plain(503, 'starting\n')
  const onError = (error: unknown) => log.error({ ...errorFacts(error), listener: name }, 'a request failed')
  const listener: Listener = await listen({ port, host, handle: (request) => handle(request), onError })
  lifecycle.onStop(`${name} listener`, () => listener.close())
  log.info({ listener: name, host, port: listener.port }, 'listening')
  return {
    url: `http://127.0.0.1:${listener.port}`,
    port: listener.port,
    serve: (handler: Handler) => {
      handle = handler
    },
  }
}

/** @returns the port of the operators' listener */
export const openListeners = async (tools: Tools): Promise<number> => {
  const { config, clock, log, codec, producer, status, exporter, health, bearers } = tools
  const [operators, callback] = await Promise.all([
    openListener('console', config.CONSOLE_PORT, config.CONSOLE_BIND_ADDRESS ?? config.BIND_ADDRESS, tools),
    openListener('callback', config.CALLBACK_PORT, config.CALLBACK_BIND_ADDRESS ?? config.BIND_ADDRESS, tools),
  ])
  const consoleUrl = config.CONSOLE_URL ?? operators.url
  const publicUrl = config.CONSOLE_PUBLIC_URL ?? callback.url
  const provider = providerOf(config, consoleUrl)
  const admin = tools.openAdmin(publicUrl)

  const authenticator = tokenAuthenticator(bearers)
  const access = { authenticator, sessions: new Sessions(clock), attempts: new TokenAttempts(), clock }
  const links = new LoginLinks(clock)
  const trail = new AuditTrail({
    append: (entry) => appendAudit(producer, codec, entry),
    clock,
    onLost: (error) => log.warn(errorFacts(error), 'a read is missing in the audit trail'),
  })
  const oidc: LoginTools['oidc'] = provider && {
    provider,
    rules: {
      roleClaim: config.OIDC_ROLE_CLAIM,
      nameClaim: config.OIDC_NAME_CLAIM,
      tenantClaim: config.OIDC_TENANT_CLAIM ?? null,
      roleOf: config.OIDC_ROLES,
    },
  }
  const loginLink = (principal: Principal, role: Role, token: string) => {
    const renew = async () => {
      const owner = await authenticator.authenticate(token)
      return owner ? { ...owner, role } : null
    }
    const { code, expiresAt } = links.make({ ...principal, role }, renew)
    return { url: new URL(`/login/link?code=${code}`, consoleUrl).href, expiresAt }
  }
  operators.serve(
    operatorsHandler({
      allowedHosts: [...config.CONSOLE_ALLOWED_HOSTS, new URL(consoleUrl).hostname],
      ...{ access, trail },
      page: new PageServer(loadPageFiles),
      login: loginRoutes({ access, links, trail, clock, oidc }),
      admin: adminApi(
        { ...admin.tools, console: tools.console, versions: tools.versions, ...tools.actions, loginLink },
        trail,
      ),
      metrics: () => exporter.render(),
      health: () => health.report(),
      status: (viewer) => status.read(viewer),
    }),
  )
  callback.serve(callbackHandler({ ...admin, authorisations: admin.tools.authorisations, publicUrl }))
  return operators.port
}
