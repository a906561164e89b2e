// Subject `downward-api`: a file of labels or annotations as the kubelet writes it.

import { deepEqual } from 'node:assert/strict';

import { parseDownwardApi } from '../../../src/config/pod-info.ts';
import { readAsExpected, type ExpectedError } from './outcome.ts';

interface Expected extends ExpectedError {
  readonly fields?: Readonly<Record<string, string>>;
}

export async function checkDownwardApi(given: { readonly file: string }, expected: Expected): Promise<void> {
  const fields = await readAsExpected(() => parseDownwardApi(given.file), expected);
  if (fields !== undefined) deepEqual(fields, expected.fields);
}
