import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readConfigDirectory } from '../../../src/discovery/source/config-directory.ts';
import { ConfigFilesError } from '../../../src/discovery/source/problem.ts';
import type { Snapshot } from '../../../src/discovery/model.ts';
import { loadEnvoyApi, type EnvoyApi } from '../../../src/proto/envoy-api.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

describe('readConfigDirectory', () => {
  let api: EnvoyApi;

  before(async () => {
    api = await loadEnvoyApi();
  });

  async function read(files: Readonly<Record<string, string>>): Promise<Snapshot> {
    await using directory = await temporaryDirectory();
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory.path, name), text);
    return await readConfigDirectory(directory.path, api.encoder);
  }

  async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
    try {
      await read(files);
    } catch (error) {
      assert.ok(error instanceof ConfigFilesError);
      return error.problems;
    }
    assert.fail('nothing was refused');
  }

  it('reads every document of every file, those for all nodes first', async () => {
    const snapshot = await read({
      'b.yml': `nodes: ["x*"]\nresources: [{"@type": ${CLUSTER}, name: third}]`,
      'c.json': `{"resources": [{"@type": "${CLUSTER}", "name": "second"}]}`,
      'd.yaml': `---\n---\nresources: [{"@type": ${CLUSTER}, name: last}]\n---\nnames: {}\n`,
    });

    const names = snapshot.scopes.map(({ resources }) => resources[0]?.name);
    assert.deepEqual(names, ['second', 'last', undefined, 'third']);
  });

  it('leaves out hidden files and files of other kinds', async () => {
    const snapshot = await read({ '.hidden.yaml': 'bad: 1', 'notes.txt': 'bad: 1', 'empty.yaml': '' });

    assert.deepEqual(snapshot.scopes, []);
  });

  it('resolves anchors and merges', async () => {
    const snapshot = await read({
      'a.yaml': [
        'resources:',
        `- &base {"@type": ${CLUSTER}, name: one, connect_timeout: 1s}`,
        '- {<<: *base, name: two}',
      ].join('\n'),
    });

    assert.deepEqual(
      snapshot.scopes[0]?.resources.map(({ name }) => name),
      ['one', 'two'],
    );
  });

  it('names file, line, document, resource and field of a mistake', async () => {
    const text = [
      'names: {}',
      '---',
      'resources:',
      `- "@type": ${CLUSTER}`,
      '  name: web',
      '  load_assignment:',
      '    endpoints:',
      '    - priorty: 1',
    ].join('\n');

    assert.deepEqual(await problemsOf({ 'clusters.yaml': text }), [
      'clusters.yaml:8: document 2, resources[0] (Cluster "web") load_assignment.endpoints[0].priorty: ' +
        'unknown field of envoy.config.endpoint.v3.LocalityLbEndpoints (the Envoy API of about version 1.33)',
    ]);
  });

  it('gathers the mistakes of all files', async () => {
    const problems = await problemsOf({
      'a.yaml': 'resources: {}',
      'b.yaml': 'nodes: x*',
      'c.yaml': 'a: [',
    });

    assert.equal(problems.length, 3);
    assert.match(problems.join('\n'), /a\.yaml:1: resources: must be a list/);
    assert.match(problems.join('\n'), /b\.yaml:1: nodes: must be a list/);
    assert.match(problems.join('\n'), /c\.yaml:1: /);
  });

  const cases = [
    {
      what: 'a type that is not pushed',
      text: `resources: [{"@type": type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap}]`,
      problem: /^a\.yaml:1: resources\[0\]\["@type"\]: must be one of type\.googleapis\.com\/envoy/,
    },
    {
      what: 'a resource without name',
      text: `resources: [{"@type": ${CLUSTER}}]`,
      problem: /^a\.yaml:1: resources\[0\]: name is missing$/,
    },
    {
      what: 'a name with an address that is none',
      text: 'names:\n  web:\n    ips: [10.0.0]',
      problem: /^a\.yaml:3: names\.web\.ips\[0\]: "10\.0\.0" is no IP address$/,
    },
    {
      what: 'an unknown field of a name',
      text: 'names: {web: {ip: 10.0.0.1}}',
      problem: /^a\.yaml:1: names\.web\.ip: unknown field of a name$/,
    },
    {
      what: 'a resource given twice for the same nodes',
      text: `resources: [{"@type": ${CLUSTER}, name: a}]\n---\nresources: [{"@type": ${CLUSTER}, name: a}]`,
      problem: /^a\.yaml:3: document 2, resources\[0\] \(Cluster "a"\): given before, in a\.yaml, document 1/,
    },
    {
      what: 'a trust anchor that is no certificate',
      text: 'caCertificatesPem:\n- no PEM',
      problem: /^a\.yaml:2: caCertificatesPem\[0\]: no certificate found$/,
    },
    {
      what: 'an alias without anchor',
      text: 'resources: *nothing',
      problem: /^a\.yaml:1: .*nothing/,
    },
    {
      what: 'a key given twice',
      text: 'names: {}\nnames: {}',
      problem: /^a\.yaml:2: Map keys must be unique/,
    },
  ];
  for (const { what, text, problem } of cases) {
    it(`refuses ${what}`, async () => {
      assert.match((await problemsOf({ 'a.yaml': text }))[0] ?? '', problem);
    });
  }

  it('refuses a directory that does not exist', async () => {
    await assert.rejects(readConfigDirectory('/nowhere/at/all', api.encoder), {
      name: 'ConfigError',
      message: /^cannot read the configuration directory \/nowhere\/at\/all/,
    });
  });
});
