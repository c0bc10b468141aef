/**
 * Schema of values and conditions, which every other element of a mapping document contains.
 * docs/sources/mapping-language.md explains them by example.
 */
import { z } from 'zod'
import { element } from './element.ts'

/**
 * `message.text.body`: a name in scope, then keys. A key that contains dots is in brackets: `metadata["#wa.timestamp"]`.
 * `headers.x-org`, `delivery.account` and `body` are always in scope.
 */
export const pathSchema = z
  .string()
  .regex(
    /^[A-Za-z_][\w-]*(\.[#\w-]+|\["[^"\]]+"\])*$/,
    'must be a path such as message.text.body or metadata["#wa.timestamp"]',
  )

/** A path inside an element of a list. */
export const keysSchema = z
  .string()
  .regex(/^[#\w-]+(\.[#\w-]+|\["[^"\]]+"\])*$/, 'must be a path inside each element, such as type or payload.url')

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
type Scalar = string | number | boolean | null

/** Types that a condition can test for; `digits` also accepts a number, `flag` is true, 1, or either as text. */
const shapes = ['object', 'list', 'string', 'number', 'boolean', 'digits', 'flag'] as const

export type Test =
  | { readonly equals: Scalar }
  | { readonly in: readonly (string | number | boolean)[] }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  | { readonly exists: boolean }
  | { readonly is: (typeof shapes)[number] }
  | { readonly same: Value }
export type ConditionElement =
  | { readonly all: readonly ConditionElement[] }
  | { readonly any: readonly ConditionElement[] }
  | { readonly not: ConditionElement }
  | ({ readonly value: Value } & Test)

export type Value =
  | string
  | { readonly const: Scalar }
  | { readonly of: Value }
  | { readonly first: readonly Value[] }
  | { readonly template: string }
  | {
      readonly of: Value
      readonly map: Readonly<Record<string, string>>
      readonly otherwise?: string | null | undefined
    }
  | { readonly of: Value; readonly stripPrefix: string }
  | { readonly of: Value; readonly before: string }
  | { readonly of: Value; readonly after: string }
  | { readonly of: Value; readonly afterLast: string }
  | { readonly of: Value; readonly query: string }
  | { readonly of: Value; readonly decode: 'percent' }
  | { readonly of: Value; readonly without: readonly string[] }
  | { readonly of: Value; readonly extension: true }
  | { readonly of: Value; readonly html: true }
  | { readonly of: Value; readonly key: string; readonly equals: Scalar; readonly take?: string | undefined }
  | { readonly of: Value; readonly key: string; readonly same: Value; readonly take?: string | undefined }
  | { readonly of: Value; readonly prose: { readonly inline: readonly string[]; readonly lines: readonly string[] } }
  | {
      readonly cases: readonly { readonly when: ConditionElement; readonly is: Value }[]
      readonly otherwise?: Value | undefined
    }
  | { readonly hash: readonly Value[] }

export const valueSchema: z.ZodType<Value> = z.lazy(() =>
  z.union([
    pathSchema,
    element({ const: scalar }),
    /** The value itself, for elements in which a bare word is one of the contract's constants. */
    element({ of: valueSchema }),
    element({ first: z.array(valueSchema).min(1) }),
    /** Text with `{path}` in it; absent when one of the paths is absent. */
    element({ template: z.string() }),
    element({
      of: valueSchema,
      map: z.record(z.string(), z.string()),
      otherwise: z.string().nullable().optional(),
    }),
    element({ of: valueSchema, stripPrefix: z.string().min(1) }),
    /** Up to the first occurrence; the whole text without one. */
    element({ of: valueSchema, before: z.string().min(1) }),
    /** After the first occurrence; absent without one. */
    element({ of: valueSchema, after: z.string().min(1) }),
    element({ of: valueSchema, afterLast: z.string().min(1) }),
    /** A query parameter of a URL or of a path. */
    element({ of: valueSchema, query: z.string().min(1) }),
    element({ of: valueSchema, decode: z.literal('percent') }),
    /** An object without some keys, to leave out what a redelivery changes. */
    element({ of: valueSchema, without: z.array(z.string()).min(1) }),
    /** The extension of a file name or URL, in lower case: `jpg`. */
    element({ of: valueSchema, extension: z.literal(true) }),
    /** The text that a person sees of HTML. */
    element({ of: valueSchema, html: z.literal(true) }),
    /** The first object of a list whose `key` equals the constant, or that object's `take`. */
    element({ of: valueSchema, key: keysSchema, equals: scalar, take: keysSchema.optional() }),
    /** The same, compared as text with another value. */
    element({ of: valueSchema, key: keysSchema, same: valueSchema, take: keysSchema.optional() }),
    /** The texts of nested objects and lists, under these keys: `inline` ones continue a line, `lines` begin their own. */
    element({ of: valueSchema, prose: element({ inline: z.array(z.string()), lines: z.array(z.string()) }) }),
    element({
      cases: z.array(element({ when: conditionSchema, is: valueSchema })).min(1),
      otherwise: valueSchema.optional(),
    }),
    /** 128 bits of SHA-256 over the values, in hex. */
    element({ hash: z.array(valueSchema).min(1) }),
  ]),
)

const tests = {
  equals: scalar.optional(),
  in: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  prefix: z.string().optional(),
  suffix: z.string().optional(),
  contains: z.string().optional(),
  exists: z.boolean().optional(),
  is: z.enum(shapes).optional(),
  same: z.lazy(() => valueSchema).optional(),
}
export const conditionSchema: z.ZodType<ConditionElement> = z.lazy(() =>
  z.union([
    element({ all: z.array(conditionSchema).min(1) }),
    element({ any: z.array(conditionSchema).min(1) }),
    element({ not: conditionSchema }),
    element({ value: valueSchema, ...tests }).refine(
      (condition) => Object.keys(condition).length === 2,
      `needs exactly one test: ${Object.keys(tests).join(', ')}`,
    ),
  ]),
) as z.ZodType<ConditionElement>
