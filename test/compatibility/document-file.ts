// The committed docs/compatibility.md, and what it has to say by the claims and by what pods did.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../../src/runtime/files.ts';
import { subjects } from './claims.ts';
import { compatibilityDocument } from './document.ts';
import { findTests } from './named-tests.ts';
import { EXPECTED_PODS, podOutcomes, readPodResults } from './pod-outcomes.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/compatibility.md');

export async function readDocument(): Promise<string> {
  return readFile(DOCUMENT, 'utf8');
}

export async function writeDocument(): Promise<void> {
  await writeFileAtomic(DOCUMENT, await wantedDocument());
}

/** @throws Error naming each test that is not there, or twice in its file */
export async function wantedDocument(): Promise<string> {
  const testOf = await findTests(subjects);
  const pods = podOutcomes(EXPECTED_PODS, await readPodResults());
  return compatibilityDocument({ subjects, pods, groupOf: (test) => testOf(test).group });
}
