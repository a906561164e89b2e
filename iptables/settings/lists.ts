// The comma lists of flags and variables: ports, owners, interfaces, address ranges.

/** Splits on commas and drops empty items; items are not trimmed. */
export function splitList(text: string): readonly string[] {
  return text.split(',').filter((item) => item !== '');
}
