// What a report is made from: the host, and tools of which it only runs those that read.

import type { CaptureHost } from '../settings/detected-settings.ts';
import type { PatienceDeps } from '../tools/retry.ts';

export interface ReportDeps extends PatienceDeps {
  readonly host: CaptureHost;
  /** Receives the report, line by line. */
  readonly print: (line: string) => void;
}
