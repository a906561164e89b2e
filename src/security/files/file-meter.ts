// What is counted about certificates in files; the counters are whoever serves the metrics.

export interface FileMeter {
  /** A directory could not be watched. */
  watchFailed(): void;
  /** A secret could not be read from its files. */
  secretFailed(): void;
}
