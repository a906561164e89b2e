// What the drop-in report says of one thing a user of pilot-agent 1.31 knows by name, and which tests show it. The
// claims themselves are data, a file per subject, in claims/.

/** `added`: pilot-agent 1.31 has nothing of that name. */
export type Verdict = 'works' | 'differs' | 'not yet' | 'added';

/**
 * A test as the claims name it: its file below test/ and its own title, which is there once in that file, `…` in place
 * of what a template puts in.
 */
export interface TestName {
  readonly file: string;
  readonly title: string;
}

/** What the table of pods expects, as the claims name it: it counts when every pod that has to meet it did. */
export interface PodExpectation {
  readonly expectation: string;
}

export type Evidence = TestName | PodExpectation;

export interface Claim {
  readonly verdict: Verdict;
  /** What is different, or why it is not there; plain text with Markdown. Empty: nothing to say. */
  readonly note: string;
  readonly evidence: readonly Evidence[];
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

/** What shows a claim: `folder/file.test.ts: title`, or `pods: expectation`. Nothing is claimed to be there without. */
type ShownBy = readonly [string, ...string[]];

/** As in 1.31. */
export function works(...shownBy: ShownBy): Claim {
  return claim('works', '', shownBy);
}

/** As in 1.31, and more. @param note what there is more */
export function worksAnd(note: string, ...shownBy: ShownBy): Claim {
  return claim('works', note, shownBy);
}

/** @param note what is different, and why */
export function differs(note: string, ...shownBy: ShownBy): Claim {
  return claim('differs', note, shownBy);
}

/** Accepted without its effect, or not known at all. @param note what happens, and why */
export function notYet(note: string, ...shownBy: readonly string[]): Claim {
  return claim('not yet', note, shownBy);
}

/** Only this agent has it. */
export function added(...shownBy: ShownBy): Claim {
  return claim('added', '', shownBy);
}

/** The same with a word of explanation. */
export function noted(note: string, { verdict, evidence }: Claim): Claim {
  return { verdict, note, evidence };
}

function claim(verdict: Verdict, note: string, shownBy: readonly string[]): Claim {
  return { verdict, note, evidence: shownBy.map(evidence) };
}

/** @throws Error for a text of another form */
function evidence(text: string): Evidence {
  const [, file, title] = /^(\S+\.test\.ts|pods): (.+)$/.exec(text) ?? [];
  if (file === undefined || title === undefined) {
    throw new Error(`"${text}" is neither "file.test.ts: title" nor "pods: expectation"`);
  }
  return file === 'pods' ? { expectation: title } : { file, title };
}

/** Each name a subject claims something of. */
export function claimedNames({ names, claims }: Subject): readonly string[] {
  return Object.keys(claims).flatMap((name) => (names === 'code' ? name.split(', ') : [name]));
}

/** All that shows something of a subject. */
export function evidenceOf({ claims }: Subject): readonly Evidence[] {
  return Object.values(claims).flatMap((each) => each.evidence);
}
