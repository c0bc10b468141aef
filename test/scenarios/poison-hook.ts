/** Loaded into every process of the scenario: makes ingest end at certain texts, in the three ways in which a text can end a process. */
const words: Readonly<Record<string, () => unknown>> = {
  'poison:abort': () => process.abort(),
  'poison:loop': () => {
    for (;;);
  },
  'poison:heap': () => {
    const kept: number[][] = []
    for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => n + 0.5))
  },
}

if (/\bingest\b/.test(process.argv[1] ?? '')) {
  const parse = JSON.parse
  JSON.parse = (text: string, ...more: []) => {
    for (const [word, end] of Object.entries(words)) if (text.includes(word)) end()
    return parse(text, ...more)
  }
}
