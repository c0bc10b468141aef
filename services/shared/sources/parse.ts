/** Parses and compiles the text of a mapping document. */
import { compileMapping } from './interpreter/compile.ts'
import { type MappingDocument, mappingSchema } from './interpreter/language/document.ts'
import { type DocumentPosition, MappingProblem } from './interpreter/language/problem.ts'
import type { Observer } from './interpreter/observer.ts'
import { MappingInvalid, parseLines, problemsIn } from './problems.ts'
import type { Source } from './source.ts'

/** In UTF-16 units. The largest shipped mapping has 39,000; the YAML parser takes 2 s for as many brackets as this. */
const maxLength = 131_072

export interface ParsedMapping {
  readonly source: Source
  readonly document: MappingDocument
  /** From 1. */
  lineOf(position: DocumentPosition): number
}

/** @param where name of the document in errors. @throws MappingInvalid */
export const readMapping = (text: string, where: string, observer?: Observer): ParsedMapping => {
  const refuse = (line: number, path: string, message: string) => new MappingInvalid(where, [{ line, path, message }])
  if (text.length > maxLength) throw refuse(1, '', `is longer than ${maxLength} characters, the limit for a mapping`)
  const lines = parseLines(text, where)
  try {
    const checked = mappingSchema.safeParse(lines.value)
    if (!checked.success) throw new MappingInvalid(where, problemsIn(checked.error, lines))
    const document = checked.data
    return { source: compileMapping(document, observer), document, lineOf: lines.lineOf }
  } catch (error) {
    if (error instanceof MappingProblem)
      throw refuse(lines.lineOf(error.position), error.position.filter((key) => key !== '').join('.'), error.message)
    if (error instanceof RangeError) throw refuse(1, '', 'is nested too deeply')
    throw error
  }
}

/** @throws MappingInvalid */
export const parseMapping = (text: string, where: string): Source => readMapping(text, where).source
