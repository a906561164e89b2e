import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readBootstrapOverride } from '../../src/bootstrap/bootstrap-override.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Outcome {
  readonly json: string | undefined;
  readonly warnings: readonly string[];
}

async function read(text: string, hostIp = ''): Promise<Outcome> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'override.yaml');
  await writeFile(path, text);
  const warnings: string[] = [];
  const json = await readBootstrapOverride(path, hostIp, (warning) => warnings.push(warning));
  return { json, warnings };
}

describe('readBootstrapOverride', () => {
  it('makes one line of JSON from YAML, keys sorted', async () => {
    const { json } = await read('tracing:\n  http: {name: x, a: 1}\nadmin: {}\n');

    assert.equal(json, '{"admin":{},"tracing":{"http":{"a":1,"name":"x"}}}');
  });

  it('loses no digit of a 64-bit number: quotes around it mean nothing to Envoy', async () => {
    assert.equal((await read('a: 18446744073709551615\nb: 7')).json, '{"a":"18446744073709551615","b":7}');
  });

  it('puts in the address of the host, in brackets for IPv6', async () => {
    const text = '{"a":"$(HOST_IP):1","b":"[$(HOST_IP)]:1"}';

    assert.equal((await read(text, '10.0.0.1')).json, '{"a":"10.0.0.1:1","b":"[10.0.0.1]:1"}');
    assert.equal((await read(text, 'fd00::1')).json, '{"a":"[fd00::1]:1","b":"[fd00::1]:1"}');
  });

  it('warns when the address of the host is missing', async () => {
    const { json, warnings } = await read('{"a":"$(HOST_IP)"}');

    assert.equal(json, '{"a":""}');
    assert.match(warnings[0] ?? '', /HOST_IP, which is not set$/);
  });

  it('goes on without an override that it cannot use', async () => {
    for (const text of ['a: [1', '', 'null', '[1]', '[['.repeat(50_000)]) {
      const { json, warnings } = await read(text);

      assert.equal(json, undefined);
      assert.match(warnings[0] ?? '', /^Failed to read bootstrap override: .*override\.yaml/);
    }
  });

  it('refuses one that is longer than an argument may be', async () => {
    const longest = 128 * 1024 - 1;

    assert.equal((await read(`{"a":"${'x'.repeat(longest - 8)}"}`)).json?.length, longest);
    await assert.rejects(read(`{"a":"${'x'.repeat(longest - 7)}"}`), {
      name: 'ConfigError',
      message: /^bootstrap override .*override\.yaml is 131072 bytes of JSON; .*ISTIO_BOOTSTRAP/,
    });
  });

  it('is undefined without a path', async () => {
    assert.equal(await readBootstrapOverride('', '', (warning) => assert.fail(warning)), undefined);
  });
});
