/**
 * The text without the characters of `ending` at its end. A regular expression such as `/[.,]+$/` takes a time that grows with the
 * square of the length, because it begins anew at every character of a run that something else follows.
 * @param ending UTF-16 units, each on its own
 */
export const withoutEnding = (text: string, ending: string): string => {
  let end = text.length
  while (end > 0 && ending.includes(text.charAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}
