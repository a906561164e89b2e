// The committed docs/compatibility.md, and what it has to say by the committed claims and outcomes.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../../src/runtime/files.ts';
import type { TestName } from './claim.ts';
import { namedTests, subjects } from './claims.ts';
import { compatibilityDocument } from './document.ts';
import { readOutcomes } from './outcomes.ts';
import { EXPECTED_PODS, podOutcomes, readPodResults } from './pod-outcomes.ts';
import { writtenTests, type WrittenTest } from './written-tests.ts';

export const DOCUMENT = join(import.meta.dirname, '../../docs/compatibility.md');

export async function readDocument(): Promise<string> {
  return readFile(DOCUMENT, 'utf8');
}

export async function writeDocument(): Promise<void> {
  await writeFileAtomic(DOCUMENT, await wantedDocument());
}

/** @throws Error naming a test that is not there, or twice in its file */
export async function wantedDocument(): Promise<string> {
  const written = await filesOf(namedTests(subjects));
  return compatibilityDocument({
    subjects,
    outcomes: await readOutcomes(),
    pods: podOutcomes(EXPECTED_PODS, await readPodResults()),
    groupOf: (test) => find(written, test).group,
  });
}

type WrittenFiles = ReadonlyMap<string, readonly WrittenTest[]>;

async function filesOf(tests: readonly TestName[]): Promise<WrittenFiles> {
  const files = [...new Set(tests.map(({ file }) => file))];
  return new Map(await Promise.all(files.map(async (file) => [file, await writtenTests(file)] as const)));
}

function find(written: WrittenFiles, { file, title }: TestName): WrittenTest {
  const found = (written.get(file) ?? []).filter((test) => test.title === title);
  const [test] = found;
  if (test === undefined)
    throw new Error(`test/${file} has no test "${title}": name the one that shows it now`);
  if (found.length > 1) throw new Error(`test/${file} has the test "${title}" twice: name another one`);
  return test;
}
