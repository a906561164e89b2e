import { doesNotMatch, match } from 'node:assert/strict';

import { added, differs, notYet, type Subject, works } from './claim.ts';
import { compatibilityDocument } from './document.ts';
import type { PodOutcome } from './pod-outcomes.ts';

const FILE = 'a/server.test.ts';

function document(claims: Subject['claims'], pods: readonly PodOutcome[] = []): string {
  const subject: Subject = { title: 'Flags of one', introduction: '', column: 'Flag', names: 'code', claims };
  return compatibilityDocument({ subjects: [subject], pods, groupOf: () => 'a server' });
}

describe('compatibilityDocument', () => {
  it('says what is claimed, and names the tests that show it as sentences', () => {
    const text = document({ '-p, --port': works(`${FILE}: listens`) });

    match(text, /\| `-p`, `--port` \| works \| \[a server listens\]\(\.\.\/test\/a\/server\.test\.ts\) \|/);
  });

  it('believes that something is missing without a test', () => {
    match(document({ '--port': notYet('There is none.') }), /\| `--port` \| not yet \| There is none\. \|/);
  });

  it('begins each table with what is not as in 1.31', () => {
    const text = document({
      '--a': added(`${FILE}: listens`),
      '--b': works(`${FILE}: listens`),
      '--c': differs('Is louder.', `${FILE}: listens`),
      '--d': notYet('There is none.'),
    });

    match(text, /`--d`[^]+`--c`[^]+`--b`[^]+`--a`/);
  });

  it('counts by subject', () => {
    const text = document({ '--a': works(`${FILE}: listens`), '--b': works('pods: sings') });

    match(text, /\| \[Flags of one\]\(#flags-of-one\) \| 1 \| {2}\| {2}\| {2}\| 1 \|/);
  });

  it('calls a pod working when every expectation of it was met', () => {
    const met = (name: string) => ({ name, problem: undefined });
    const late = { name: 'ends in time', problem: 'took 40 s' };

    const text = document({}, [
      { name: 'web', source: 'own', expectations: [met('is ready'), met('ends in time')] },
      { name: 'hello', source: 'v1.31', expectations: [met('is ready'), late] },
    ]);

    match(text, /\| `web` \| this project \| works \| all 2 \|/);
    match(
      text,
      /\| `hello` \| the injector of 1\.31 \| not shown \| 1 of 2; not: ends in time \(took 40 s\) \|/,
    );
    match(text, /\| is ready \| 2 pods \|\n\| ends in time \| 1 of 2 pods \|/);
  });

  it('believes what pods were expected to do only when they did it', () => {
    const pod = (problem: string | undefined): PodOutcome => ({
      name: 'web',
      source: 'own',
      expectations: [{ name: 'is ready', problem }],
    });
    const claims = { '--port': works('pods: is ready') };

    match(document(claims, [pod(undefined)]), /`--port` \| works \| \[each pod is ready\]\(#pods\) \|/);
    match(document(claims, [pod('late')]), /`--port` \| not shown \| .*\(\*\*failed\*\*\) \|/);
    match(document(claims, []), /`--port` \| not shown \| .*\(\*\*not run\*\*\) \|/);
  });

  it('keeps signs of tests from becoming Markdown', () => {
    const text = document({ '--port': works('a/server.test.ts: takes <a> | [b]') });

    match(text, /\[a server takes \\<a\\> \\\| \\\[b\\\]\]/);
    doesNotMatch(text, /<a>/);
  });
});
