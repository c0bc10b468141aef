/** Webhook deliveries as the gateway receives them: of WhatsApp, unless a test says otherwise. */
import { whatsappAccount, whatsappSecret, whatsappText } from '../../services/local/demo/webhooks.ts'
import type { RawDelivery } from '../../services/shared/sources/index.ts'
import { noon } from './builders.ts'
import { deliveryOf } from './deliveries.ts'
import { byMeta } from './forging-cases.ts'
import { openGatewayWorld } from './gateway-world.ts'

/** Signed with the secret of the source. */
export const whatsappRequest = whatsappText('5215550001111', 'wamid.1', 'ya hice el pago', noon)
export const whatsappSecrets = { whatsapp: [whatsappSecret] }

export const rawDelivery = (fields: Partial<RawDelivery> = {}): RawDelivery =>
  deliveryOf('whatsapp', whatsappRequest.body, { account: null, headers: whatsappRequest.headers, ...fields })

export const signedDelivery = (body: string, secret: string, fields: Partial<RawDelivery> = {}): RawDelivery =>
  rawDelivery({ body: Buffer.from(body), headers: byMeta(body, secret), ...fields })

/** A gateway where the account of these deliveries has a connection. */
export const openConnectedGateway = async (...given: Parameters<typeof openGatewayWorld>) => {
  const world = await openGatewayWorld(...given)
  world.connect({ accountId: whatsappAccount })
  return world
}
