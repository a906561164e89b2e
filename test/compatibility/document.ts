// docs/compatibility.md as text, made of the claims, of the tests they name, and of what the pods did.

import type { Claim, Evidence, Subject, TestName, Verdict } from './claim.ts';
import { anchor, code, link, table } from './markdown.ts';
import { expectationOutcome, type PodOutcome } from './pod-outcomes.ts';
import { isShown, podSection } from './pod-section.ts';

export interface Report {
  readonly subjects: readonly Subject[];
  readonly pods: readonly PodOutcome[];
  /** Titles of the groups a test stands in. */
  readonly groupOf: (test: TestName) => string;
}

/** What the report says: a verdict that stands on pods counts only when they have shown it. */
type Shown = Verdict | 'not shown';

const WORDS: readonly Shown[] = ['works', 'differs', 'not yet', 'added', 'not shown'];

/** In the order of the rows: what a reader has to know comes first. */
const ORDER: readonly Shown[] = ['not shown', 'not yet', 'differs', 'works', 'added'];

const INTRODUCTION = `# Compatibility with pilot-agent 1.31

For whoever decides whether this image takes the place of Istio's proxy image of version 1.31: what alerts show now,
pods that were run, and every argument, variable, field, port, file, endpoint, metric and exit code.

| Word | Meaning |
| --- | --- |
| works | as in 1.31 |
| differs | there, and not the same: the row says how |
| not yet | accepted without its effect, or missing: the row says what happens |
| added | 1.31 has none; it changes nothing until it is used, unless the row says so |
| not shown | a pod of the row was not run, or did not do it |

The page is generated (\`npm run compatibility\`). A row names the tests that show it, by the sentences they go under:
\`npm test\` runs them, those about capture as root alone. It fails when one of them is gone, when this page is another one
than claims, tests and pods make, when no test file of a variable’s row names it, and when a command, flag,
variable, field or endpoint of the program is in no row or in two. What pods did is taken from their last recorded run.`;

/** The whole page. */
export function compatibilityDocument(report: Report): string {
  const [first, ...others] = report.subjects.map((subject) => section(subject, report));
  const parts = [INTRODUCTION, summary(report), first ?? '', podSection(report.pods), ...others];
  return `${parts.join('\n\n')}\n`;
}

/** A line per table, in the order of the page, and how often it says which word. */
function summary(report: Report): string {
  const [first, ...others] = report.subjects.map(({ title, claims }) =>
    countRow(
      title,
      Object.values(claims).map((claim) => shownVerdict(claim, report)),
    ),
  );
  const pods = countRow(
    'Pods',
    report.pods.map((pod) => (isShown(pod) ? 'works' : 'not shown')),
  );
  return table(['', ...WORDS], [first ?? [], pods, ...others]);
}

function countRow(title: string, shown: readonly Shown[]): readonly string[] {
  const counts = WORDS.map((word) => shown.filter((each) => each === word).length);
  return [`[${title}](${anchor(title)})`, ...counts.map((count) => (count === 0 ? '' : String(count)))];
}

function section(subject: Subject, report: Report): string {
  const { title, introduction, column, names, claims } = subject;
  const rows = Object.entries(claims)
    .map(([name, claim]) => ({ name, claim, shown: shownVerdict(claim, report) }))
    .sort((one, other) => ORDER.indexOf(one.shown) - ORDER.indexOf(other.shown))
    .map(({ name, claim, shown }) => [
      names === 'code' ? code(name) : name,
      shown,
      explanation(claim, report),
    ]);
  const parts = [`## ${title}`, introduction, table([column, '', 'What differs, and what is shown'], rows)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function shownVerdict({ verdict, evidence }: Claim, report: Report): Shown {
  return evidence.every((each) => podProblem(each, report) === undefined) ? verdict : 'not shown';
}

/** The note, and what shows it, each with what came of it where pods have not shown it. */
function explanation({ note, evidence }: Claim, report: Report): string {
  const links = evidence.map((each) => {
    const problem = podProblem(each, report);
    return problem === undefined ? linkTo(each, report) : `${linkTo(each, report)} (**${problem}**)`;
  });
  return [note, links.join('; ')].filter((text) => text !== '').join('<br>');
}

/** Undefined: none, or the evidence is a test. */
function podProblem(evidence: Evidence, { pods }: Report): 'failed' | 'not run' | undefined {
  if (!('expectation' in evidence)) return undefined;
  const outcome = expectationOutcome(pods, evidence.expectation);
  return outcome === 'passed' ? undefined : outcome;
}

function linkTo(evidence: Evidence, { groupOf }: Report): string {
  if ('expectation' in evidence) return link(`each pod ${evidence.expectation}`, '#pods');
  return link(`${groupOf(evidence)} ${evidence.title}`.trim(), `../test/${evidence.file}`);
}
