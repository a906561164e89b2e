// What a conformance area hands to the runner. An area is a module `<area>.ts` beside this file that exports
// `async function* cases(directory: string): AsyncIterable<ConformanceCase>`.

export interface ConformanceCase {
  /** Unique within its directory; shown when the case fails. */
  readonly name: string;
  /** Throws (an AssertionError, whose actual and expected are shown as a diff) when the product differs. */
  readonly run: () => Promise<void>;
}

/** A case about something the product does not have: neither passed nor failed. */
export interface OmittedCase {
  readonly name: string;
  /** What the case needs, in words; equal for cases that need the same. */
  readonly omitted: string;
}

export interface ConformanceArea {
  /** The cases found in `directory`, in a stable order. Reading them fails for a directory of another area. */
  readonly cases: (directory: string) => AsyncIterable<ConformanceCase | OmittedCase>;
}
