import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { commands, unknownCommand } from '../../src/cli/commands.ts';

describe('unknownCommand', () => {
  const names = ['proxy', 'request', 'wait'];

  it('names the word', () => {
    assert.equal(unknownCommand('foo', names).message, 'unknown command "foo" for "pilot-agent"');
    assert.equal(unknownCommand('foo', names).exitCode, 255);
    assert.equal(unknownCommand('foo', names).hint, "Run 'pilot-agent --help' for usage.");
  });

  it('shows near misses: two letters off, or the beginning', () => {
    for (const word of ['prox', 'PROXI', 'pro', 'rpoxy']) {
      assert.equal(
        unknownCommand(word, names).message,
        `unknown command "${word}" for "pilot-agent"\n\nDid you mean this?\n\tproxy`,
      );
    }
  });
});

describe('the commands', () => {
  it('are those of the reference and the ones that show', () => {
    const names = commands.filter(({ group }) => group !== undefined).map(({ name }) => name);

    assert.deepEqual(
      names.toSorted(),
      'bootstrap completion config discovery env exec istio-clean-iptables istio-iptables proxy request version wait'.split(
        ' ',
      ),
    );
  });

  it('load neither gRPC nor winston nor execa nor YAML for exec, istio-iptables, request, version and wait', async () => {
    const loaded = new Set<string>();
    for (const name of ['main', 'exec', 'istio-iptables', 'request', 'version', 'wait']) {
      await collectPackages(resolve(import.meta.dirname, `../../src/cli/${name}.ts`), new Set(), loaded);
    }

    assert.ok(loaded.has('commander'));
    assert.deepEqual(
      ['@grpc/grpc-js', 'execa', 'protobufjs', 'winston', 'yaml'].filter((name) => loaded.has(name)),
      [],
    );
  });
});

/** Follows the static value imports of a module, which are what is loaded with it. */
async function collectPackages(file: string, visited: Set<string>, packages: Set<string>): Promise<void> {
  if (visited.has(file)) return;
  visited.add(file);
  const source = await readFile(file, 'utf8');
  for (const [, target = ''] of source.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)'/gms)) {
    if (!target.startsWith('.')) packages.add(target);
    else await collectPackages(resolve(dirname(file), target), visited, packages);
  }
}
