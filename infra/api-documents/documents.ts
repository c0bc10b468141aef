/** The documents for authors of connectors, by the name of their file in docs/connectors. */
import { gatewayOpenApi } from '../../services/gateway/http/openapi.ts'
import { messageEventJsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { asyncApi } from './asyncapi.ts'

const text = (document: object) => `${JSON.stringify(document, null, 2)}\n`

export const apiDocuments = (): Readonly<Record<string, string>> => ({
  'asyncapi.json': text(asyncApi()),
  'message-event.schema.json': text({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...messageEventJsonSchema(),
  }),
  'openapi.json': text(gatewayOpenApi()),
})
