// What the drop-in report says of one thing a user of pilot-agent 1.31 knows by name, and which tests show it. The
// claims themselves are data, a file per subject, in claims/.

/** `added`: pilot-agent 1.31 has nothing of that name. */
export type Verdict = 'works' | 'differs' | 'not yet' | 'added';

/** A test as the claims name it: its file below test/ and its own title, which is there once in that file. */
export interface TestName {
  readonly file: string;
  readonly title: string;
}

export interface Claim {
  readonly verdict: Verdict;
  /** What is different, or why it is not there; plain text with Markdown. Empty: nothing to say. */
  readonly note: string;
  readonly tests: readonly TestName[];
}

/** One table of the report. */
export interface Subject {
  readonly title: string;
  /** What stands above the table; empty: nothing. */
  readonly introduction: string;
  /** Heading of the first column. */
  readonly column: string;
  /** `code`: names are shown in the type of programs, and several may stand together, with commas. */
  readonly names: 'code' | 'text';
  /** By the name a user knows. */
  readonly claims: Readonly<Record<string, Claim>>;
}

/** As in 1.31. @param tests as `folder/file.test.ts: title` */
export function works(...tests: readonly string[]): Claim {
  return claim('works', '', tests);
}

/** As in 1.31, and more. @param note what there is more */
export function worksAnd(note: string, ...tests: readonly string[]): Claim {
  return claim('works', note, tests);
}

/** @param note what is different, and why */
export function differs(note: string, ...tests: readonly string[]): Claim {
  return claim('differs', note, tests);
}

/** Accepted without its effect, or not known at all. @param note what happens, and why */
export function notYet(note: string, ...tests: readonly string[]): Claim {
  return claim('not yet', note, tests);
}

/** Only this agent has it. */
export function added(...tests: readonly string[]): Claim {
  return claim('added', '', tests);
}

/** The same with a word of explanation. */
export function noted(note: string, { verdict, tests }: Claim): Claim {
  return { verdict, note, tests };
}

function claim(verdict: Verdict, note: string, tests: readonly string[]): Claim {
  return { verdict, note, tests: tests.map(testName) };
}

/** @throws Error for a text of another form */
function testName(text: string): TestName {
  const [, file, title] = /^(\S+\.test\.ts): (.+)$/.exec(text) ?? [];
  if (file === undefined || title === undefined)
    throw new Error(`"${text}" names no test: "file.test.ts: title"`);
  return { file, title };
}

/** Each name a subject claims something of. */
export function claimedNames({ names, claims }: Subject): readonly string[] {
  return Object.keys(claims).flatMap((name) => (names === 'code' ? name.split(', ') : [name]));
}
