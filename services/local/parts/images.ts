/** The container images of the parts: `infra/images.json` names each with its digest, once for tests, Compose and the chart. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { projectRoot } from '../bundle/own.ts'
import { LocalProblem } from '../problem.ts'

const images = z.record(
  z.string(),
  z.object({
    image: z.string().min(1),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 digits')
      .nullable(),
    /** Where the digest comes from, and whether it was verified. */
    source: z.string().min(1),
  }),
)
export type Images = z.output<typeof images>

export const imagesFile = 'infra/images.json'

/** `name:tag@sha256:…`, or without a digest where none is known. */
export const referenceOf = ({ image, digest }: Images[string]): string =>
  digest === null ? image : `${image}@${digest}`

const parsed = (file: string, text: string): Images => {
  const result = images.safeParse(JSON.parse(text))
  if (result.success) return result.data
  const { path, message } = result.error.issues[0] as z.core.$ZodIssue
  throw new LocalProblem(`${file}: ${path.join('.')}: ${message}`)
}

/**
 * @param file in place of the project's own: for a mirror, or for images that were made on this machine. What it lacks comes from the
 * project's file
 * @throws LocalProblem
 */
export const readImages = (file: string | undefined, root: string = projectRoot()): Images => {
  const own = parsed(imagesFile, readFileSync(join(root, imagesFile), 'utf8'))
  if (!file) return own
  try {
    return { ...own, ...parsed(file, readFileSync(file, 'utf8')) }
  } catch (error) {
    if (error instanceof LocalProblem) throw error
    throw new LocalProblem(`SIGNALS_IMAGES: ${file} cannot be read as JSON: ${(error as Error).message}`)
  }
}
