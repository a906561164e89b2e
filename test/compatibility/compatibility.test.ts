import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { envRows } from '../../src/config/env.ts';
import { claimedNames, type Evidence, evidenceOf, type Subject } from './claim.ts';
import { subjects, variableSubjects } from './claims.ts';
import { commands } from './claims/commands.ts';
import { istioIptablesFlags } from './claims/istio-iptables-flags.ts';
import { metrics } from './claims/metrics.ts';
import { otherFlags } from './claims/other-flags.ts';
import { endpoints } from './claims/ports.ts';
import { proxyConfigFields } from './claims/proxy-config.ts';
import { logFlags, proxyFlags } from './claims/proxy-flags.ts';
import { unreadVariables } from './claims/variables-unread.ts';
import { readDocument, wantedDocument } from './document-file.ts';
import {
  commandNames,
  endpointPaths,
  fieldNames,
  flagNames,
  logFlagNames,
  variableNames,
} from './known-names.ts';
import { EXPECTED_PODS } from './pod-outcomes.ts';
import { TEST_FOLDER } from './written-tests.ts';

const SOURCES = join(import.meta.dirname, '../../src');

/** Flags in one table, and those that are the same for several commands. */
const FLAGS_OF_ONE = ['request', 'wait', 'exec', 'version', 'completion', 'complete', 'env', 'discovery'];

/** Claimed exactly once each, and nothing else is; names in other forms are left aside. */
function claimsEach(given: readonly Subject[], known: readonly string[], form = /^/): void {
  const claimed = given.flatMap(claimedNames).filter((name) => form.test(name));
  deepEqual(claimed.toSorted(), [...new Set(known)].sort());
}

/** The program as text, without the rows of variables themselves. */
async function sourceText(): Promise<string> {
  const files = (await readdir(SOURCES, { recursive: true }))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('-variables.ts'))
    .map((file) => readFile(join(SOURCES, file), 'utf8'));
  return (await Promise.all(files)).join('\n');
}

describe('docs/compatibility.md', () => {
  it('says what claims, tests and pods make of it', async () => {
    const [found, wanted] = [(await readDocument()).split('\n'), (await wantedDocument()).split('\n')];
    const line = found.findIndex((text, index) => text !== wanted[index]);

    equal(found[line], wanted[line], 'run `npm run compatibility`');
    equal(found.length, wanted.length, 'run `npm run compatibility`');
  });

  it('names expectations that the table of pods has', () => {
    const known = new Set<string>();
    for (const { expects, expectsAtItsEnd } of EXPECTED_PODS)
      for (const name of [...expects, ...expectsAtItsEnd]) known.add(name);

    const named = subjects.flatMap(evidenceOf).flatMap((each) => ('file' in each ? [] : [each.expectation]));
    deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });

  it('has a row for each command', () => {
    claimsEach([commands], commandNames());
  });

  it('has a row for each flag of proxy, bootstrap and config', async () => {
    const known = [...(await flagNames('proxy')), '--help'];

    claimsEach([proxyFlags], known, /^-/);
    deepEqual(await flagNames('bootstrap'), await flagNames('proxy'));
    const onlyOfConfig = (await flagNames('config')).filter((name) => !known.includes(name));
    deepEqual(onlyOfConfig, ['-o', '--output']);
  });

  it('has a row for each flag of istio-iptables', async () => {
    claimsEach([istioIptablesFlags], [...(await flagNames('istio-iptables')), '--help']);
    deepEqual(await flagNames('istio-clean-iptables'), await flagNames('istio-iptables'));
  });

  it('has a row for each flag of the other commands, and of the log', async () => {
    const flags = FLAGS_OF_ONE.map(async (command) =>
      (await flagNames(command)).map((flag) => `${command} ${flag}`),
    );
    const known = [...(await Promise.all(flags)).flat(), 'config -o', 'config --output'];

    claimsEach([otherFlags], known, /^\w+ -/);
    claimsEach([logFlags], logFlagNames(), /^--/);
  });

  it('has a row for each variable', () => {
    claimsEach(variableSubjects, variableNames());
  });

  it('has a row for each field of ProxyConfig', () => {
    claimsEach([proxyConfigFields], fieldNames());
  });

  it('has a row for each endpoint of the status port', () => {
    claimsEach([endpoints], endpointPaths());
  });

  it('tells of metrics by the names they have in the program, unless they are missing', async () => {
    const text = await sourceText();

    for (const [names, { verdict }] of Object.entries(metrics.claims)) {
      if (verdict === 'not yet') continue;
      for (const name of names.split(', ').filter((each) => !each.endsWith('*')))
        ok(text.includes(name), name);
    }
  });

  it('shows each variable by tests of a file that names it', async () => {
    const textOf = async (evidence: Evidence): Promise<string> =>
      'file' in evidence ? readFile(join(TEST_FOLDER, evidence.file), 'utf8') : '';
    const rows = variableSubjects.flatMap(({ claims }) => Object.entries(claims));

    for (const [name, { verdict, evidence }] of rows) {
      if (verdict === 'not yet') continue;
      const texts = await Promise.all(evidence.map(textOf));
      ok(texts.join('\n').includes(name.replace('*', '')), name);
    }
  });

  it('calls variables without effect exactly those that no part of the program reads', async () => {
    const text = await sourceText();

    for (const [key, { name }] of Object.entries(envRows)) {
      const metadataKey = name.replace(/^ISTIO_META_/, ''); // read as part of the node's metadata
      const isRead = new RegExp(String.raw`\b(?:${key}|${metadataKey})\b`).test(text);

      equal(name in unreadVariables.claims, !isRead, name);
    }
  });
});
