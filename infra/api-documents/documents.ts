/** The documents of addresses, topics and files, by their file in docs/. */
import { gatewayOpenApi } from '../../services/gateway/http/openapi.ts'
import { messageEventJsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { mappingJsonSchema } from '../../services/shared/sources/mapping-json-schema.ts'
import { adminOpenApi } from './admin.ts'
import { asyncApi } from './asyncapi.ts'

const text = (document: object) => `${JSON.stringify(document, null, 2)}\n`

export const apiDocuments = (): Readonly<Record<string, string>> => ({
  'admin-openapi.json': text(adminOpenApi()),
  'connectors/asyncapi.json': text(asyncApi()),
  'connectors/message-event.schema.json': text({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...messageEventJsonSchema(),
  }),
  'connectors/openapi.json': text(gatewayOpenApi()),
  'sources/mapping.schema.json': text(mappingJsonSchema()),
})
