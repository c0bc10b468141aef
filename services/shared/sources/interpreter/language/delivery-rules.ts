/** Schema of the rules for a whole delivery: signature, answer and handshake. docs/sources/mapping-language.md explains them. */
import { z } from 'zod'
import { element } from './element.ts'

/** Header names are case-insensitive in HTTP; deliveries hold them in lower case. */
export const headerNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header')
  .transform((name) => name.toLowerCase())

export const signatureSchema = z.discriminatedUnion('algorithm', [
  element({ algorithm: z.literal('none') }),
  element({ algorithm: z.literal('equality'), header: headerNameSchema, prefix: z.string().default('') }),
  element({
    algorithm: z.enum(['hmac-sha256', 'sha256']),
    header: headerNameSchema,
    prefix: z.string().default(''),
    encoding: z.enum(['hex', 'base64', 'base64url']).default('hex'),
    /** For a header such as `t=…,s=…`: the name of the part with the signature. `signed` refers to others by `{name}`. */
    parts: element({ signature: z.string() }).optional(),
    /** The signed text: `{body}`, `{secret}`, `{app_id}`, parts, `{body.timestamp}` (a field), `{headers.x-time}`. */
    signed: z.string().default('{body}'),
    /** Which body is signed: the raw bytes, the output of JSON.stringify, or whichever of the two fits. */
    body: z.enum(['raw', 'reserialised', 'either']).default('raw'),
    /** The largest difference of a signed time from now, in both directions; `of` is a part, `body.field` or `headers.name`. */
    age: element({ of: z.string(), unit: z.enum(['s', 'ms']), maxSeconds: z.number().positive() }).optional(),
  }),
])
export type SignatureRule = z.output<typeof signatureSchema>
export type DigestRule = Extract<SignatureRule, { encoding: string }>

/** The answer that the source expects, and its deadline. */
export const answerSchema = element({
  status: z.int().min(200).max(299).default(200),
  contentType: z.string().default('text/plain'),
  body: z.string().default(''),
  /** The source gives up after this time and retries. The gateway answers earlier: `status` when stored, else 503. */
  deadlineSeconds: z.number().min(1).max(60).default(5),
}).prefault({})

export const handshakeSchema = z.discriminatedUnion('mode', [
  element({ mode: z.literal('none') }),
  /** Echoes a parameter if another one holds the verify token (Meta's `hub.*`). */
  element({
    mode: z.literal('challenge'),
    token: z.string(),
    challenge: z.string(),
    expect: z.record(z.string(), z.string()).default({}),
  }),
])
export type HandshakeRule = z.output<typeof handshakeSchema>
