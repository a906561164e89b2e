// `upstream-tls-cases.json`: which root file and which server name follow from the environment, from the agent's own
// reading of it to the choice. Absolute paths of a case lie in a folder of their own.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';

import { ConfigError } from '../../../src/runtime/errors.ts';
import { serverNameOf } from '../../../src/security/upstream/dialer.ts';
import { findXdsRoot, type Root } from '../../../src/security/upstream/roots.ts';
import { agentConfig } from '../../agent/support/agent-config.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { ConformanceCase } from '../case.ts';
import { assertKnown } from './vocabulary.ts';

interface RootCase {
  readonly id: string;
  readonly given: Readonly<Record<string, unknown>> & {
    readonly exists?: readonly string[];
    readonly proxyMetadata?: Readonly<Record<string, string>>;
  };
  readonly expect: { readonly path?: string; readonly error?: string };
}

interface NameCase {
  readonly id: string;
  readonly discoveryAddress: string;
  readonly ISTIOD_SAN: string;
  readonly expect: string;
}

export function* rootCases(cases: readonly RootCase[]): Iterable<ConformanceCase> {
  for (const each of cases) yield { name: `${each.id} root`, run: () => checkRoot(each) };
}

export function* serverNameCases(cases: readonly NameCase[]): Iterable<ConformanceCase> {
  for (const each of cases) {
    yield { name: `${each.id} server name of ${each.discoveryAddress}`, run: () => checkName(each) };
  }
}

async function checkRoot(rootCase: RootCase): Promise<void> {
  assertKnown(rootCase, ['id', 'given', 'expect', 'note']);
  const { given, expect } = rootCase;
  assertKnown(expect, ['path', 'error', 'meaning', 'note']);
  await using folder = await temporaryDirectory();
  const { exists = [], proxyMetadata = {}, ...variables } = given;
  const [workingDirectory, absolute] = [join(folder.path, 'work'), join(folder.path, 'root')];
  const placed = (path: string): string => (isAbsolute(path) ? join(absolute, path) : path);
  await mkdir(workingDirectory);
  for (const path of exists) {
    const file = isAbsolute(path) ? placed(path) : join(workingDirectory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '');
  }
  const { controlPlane } = await agentConfig({
    workingDirectory,
    env: mapped(variables, placed),
    proxyConfig: { proxyMetadata: mapped(proxyMetadata, placed) },
  });
  const found = await findXdsRoot(controlPlane).catch((error: unknown) => error);
  if (expect.error === undefined) {
    const path = expect.path ?? assert.fail('neither path nor error');
    assert.equal(found instanceof Error ? found.message : nameOf(found as Root, absolute), cleaned(path));
  } else {
    assert.ok(found instanceof ConfigError, `chose ${JSON.stringify(found)}`);
    const text = found.message.replaceAll(absolute, '');
    assert.ok(text.includes(expect.error), text);
  }
}

function mapped(values: object, placed: (path: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, placed(String(value))]));
}

function nameOf(root: Root, absolute: string): string {
  return root.kind === 'system' ? '' : root.name.replace(absolute, '');
}

function cleaned(path: string): string {
  return path === '' ? '' : normalize(path);
}

/** No server name at all: the address is refused. */
async function checkName(nameCase: NameCase): Promise<void> {
  assertKnown(nameCase, ['id', 'discoveryAddress', 'ISTIOD_SAN', 'expect', 'note']);
  const { discoveryAddress, ISTIOD_SAN, expect } = nameCase;
  const reading = agentConfig({ env: { ISTIOD_SAN }, proxyConfig: { discoveryAddress } });
  if (expect === '') return assert.rejects(reading, ConfigError);
  const { controlPlane } = await reading;
  assert.equal(serverNameOf(controlPlane.discoveryAddress, controlPlane.istiodSan), expect);
}
