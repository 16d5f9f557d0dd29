/**
 * A text for people that speaks of DATABASE_URL, with what the URL really came from in its place. An assignment
 * stays: it is what somebody is to write.
 *
 * @param givenBy a flag or the path of a file; undefined leaves the text alone
 */
export function namingSource(text: string, givenBy: string | undefined): string {
  return givenBy === undefined ? text : text.replaceAll(/\bDATABASE_URL\b(?!=)/g, () => givenBy);
}
