import { codeOnly } from './scan.ts'

const declaration =
  /^export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\s*\*?|class|interface|type|enum)\s+([A-Za-z_$][\w$]*)/gm
/** A list without `from`: with one it is a re-export. Literals are blank in code, so `from` is all there is of it. */
const list = /^export\s+(?:type\s+)?\{([^}]*)\}(?!\s*from\b)/gm

/** Names that a source declares and exports, each once. Re-exports are another file's names. */
export const exportsIn = (source: string): string[] => {
  const code = codeOnly(source)
  const declared = Array.from(code.matchAll(declaration), ([, name = '']) => name)
  const listed = Array.from(code.matchAll(list)).flatMap(([, names = '']) =>
    names.split(',').map((name) =>
      name
        .trim()
        .replace(/^type\s+/, '')
        .replace(/^.*\s+as\s+/, ''),
    ),
  )
  return [...new Set([...declared, ...listed])].filter((name) => name !== '')
}
