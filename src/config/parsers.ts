// Exact readers of the texts Go's strconv reads. Each gives undefined for a text Go refuses, so that the caller
// says what was wrong: a variable falls back, a flag ends the command. Durations are in runtime/duration.ts.

const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** @see Go strconv.ParseBool */
export function parseGoBool(text: string): boolean | undefined {
  return BOOLS.get(text);
}
