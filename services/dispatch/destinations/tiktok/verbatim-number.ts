/** A decimal that `JSON.stringify` writes with the same digits: as a number of JavaScript, 12.50 would become 12.5. */
interface RawJson {
  rawJSON(text: string): unknown
}

/** @param decimal canonical, see `ReportedOutcome`. @throws SyntaxError for a text that is no JSON */
export const verbatimNumber = (decimal: string): unknown => (JSON as unknown as RawJson).rawJSON(decimal)
