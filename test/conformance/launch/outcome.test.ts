import assert from 'node:assert/strict';

import type { AgentRun, EnvoyLaunch } from './agent-start.ts';
import type { WantedLaunch } from './deviations.ts';
import { actualOutcome, wantedOutcome } from './outcome.ts';

const DIRECTORY = '/tmp/case-1';

function node(metadata: object): string {
  return JSON.stringify({ node: { metadata } });
}

function run(envoy: Partial<EnvoyLaunch> = {}, others: Partial<AgentRun> = {}): AgentRun {
  const userGroup = `${process.getuid?.()}:${process.getgid?.()}`;
  return {
    directory: DIRECTORY,
    exit: 0,
    stdout: '',
    stderr: '',
    env: { A: 'a' },
    envoy: {
      argv: ['-c', `${DIRECTORY}/f.json`],
      env: { A: 'a' },
      userGroup,
      bootstrap: '{}',
      lightstepToken: undefined,
      ...envoy,
    },
    grpcBootstrap: undefined,
    ...others,
  };
}

const WANTED: WantedLaunch = { exitCode: 0, envoyArgv: ['-c', '${DIR}/f.json'], bootstrap: {} };

function passes(actual: AgentRun, wanted: Partial<WantedLaunch> = {}): boolean {
  const all = { ...WANTED, ...wanted };
  try {
    assert.deepEqual(actualOutcome(actual, all), wantedOutcome(all));
    return true;
  } catch {
    return false;
  }
}

describe('the outcome of a start', () => {
  it('has the working directory by name, in words and in documents', () => {
    assert.ok(passes(run()));
    assert.ok(passes(run({ bootstrap: `{"p":"${DIRECTORY}/x"}` }), { bootstrap: { p: '${DIR}/x' } }));
  });

  it('differs in the exit, the words, the bootstrap and in an Envoy that should not be', () => {
    assert.ok(!passes(run({}, { exit: 255 })));
    assert.ok(!passes(run({ argv: ['-c', 'f.json'] })));
    assert.ok(!passes(run({ bootstrap: '{"a":1}' })));
    assert.ok(!passes(run(), { envoyArgv: null, bootstrap: null }));
  });

  it('leaves the version open only where that is written, and never an empty one', () => {
    const open = { node: { metadata: { ISTIO_VERSION: '${ISTIO_VERSION}' } } };

    assert.ok(passes(run({ bootstrap: node({ ISTIO_VERSION: '1.2' }) }), { bootstrap: open }));
    assert.ok(!passes(run({ bootstrap: node({ ISTIO_VERSION: '' }) }), { bootstrap: open }));
    assert.ok(
      !passes(run({ bootstrap: node({ ISTIO_VERSION: '1.2' }) }), {
        bootstrap: { node: { metadata: { ISTIO_VERSION: '1.3' } } },
      }),
    );
  });

  it('allows a version of this agent in the metadata, and nothing else', () => {
    const wanted = { bootstrap: { node: { metadata: {} } } };

    assert.ok(passes(run({ bootstrap: node({ AGENT_VERSION: '0.1' }) }), wanted));
    assert.ok(!passes(run({ bootstrap: node({ OTHER: '0.1' }) }), wanted));
  });

  it('sees durations and wrapped numbers by value', () => {
    const bootstrap = '{"stats_flush_interval":"60s","keepalive_time":300}';

    assert.ok(
      passes(run({ bootstrap }), {
        bootstrap: { stats_flush_interval: '1m0s', keepalive_time: { value: 300 } },
      }),
    );
  });

  it('lets one member of a document differ, and no second one, when it is told to', () => {
    const actual = run({ bootstrap: '{"a":1,"b":1}' });

    assert.ok(passes(actual, { bootstrap: { a: 2, b: 1 }, hasOpenMember: true }));
    assert.ok(!passes(actual, { bootstrap: { a: 2, b: 2 }, hasOpenMember: true }));
    assert.ok(!passes(actual, { bootstrap: { a: 2, b: 1 } }));
  });

  it('compares the override by what it says', () => {
    const argv = ['-c', `${DIRECTORY}/f.json`, '--config-yaml', 'admin: {port: 1}'];
    const envoyArgv = ['-c', '${DIR}/f.json', '--config-yaml', '${CONFIG_YAML}'];

    assert.ok(passes(run({ argv }), { envoyArgv, configYaml: { admin: { port: 1 } } }));
    assert.ok(!passes(run({ argv }), { envoyArgv, configYaml: { admin: { port: 2 } } }));
  });

  it('wants exactly the environment, user, token and gRPC bootstrap that are told', () => {
    assert.ok(passes(run({ env: { A: 'a', B: 'b' } }), { envoyEnvAdded: { B: 'b' } }));
    assert.ok(!passes(run({ env: { A: 'a', B: 'b' } })));
    assert.ok(passes(run({ userGroup: '7:7' }), { envoyUserGroup: '7:7' }));
    assert.ok(!passes(run({ userGroup: '7:7' })));
    assert.ok(passes(run({ lightstepToken: 't' }), { lightstepToken: 't' }));
    assert.ok(!passes(run({ lightstepToken: 't' })));
    assert.ok(!passes(run({}, { grpcBootstrap: '{}' })));
  });

  it('finds texts in both outputs, and shows the output when one is missing', () => {
    const failed = run({}, { stdout: 'one\n', stderr: 'two\n' });

    assert.ok(passes(failed, { stderrContains: ['two'], logContains: ['one'] }));
    const { texts } = actualOutcome(failed, { ...WANTED, stderrContains: ['three'] });
    assert.ok(texts.includes('two') && texts.includes('one'));
  });

  it('wants the recorded node where any bootstrap will do', () => {
    const wanted: Partial<WantedLaunch> = {
      envoyArgv: 'any',
      bootstrap: 'any',
      grpcBootstrap: { node: { metadata: { NAME: 'a', GENERATOR: 'grpc' } } },
    };
    const grpcBootstrap = node({ NAME: 'a', GENERATOR: 'grpc' });

    assert.ok(passes(run({ bootstrap: node({ NAME: 'a' }) }, { grpcBootstrap }), wanted));
    assert.ok(!passes(run({ bootstrap: node({ NAME: 'b' }) }, { grpcBootstrap }), wanted));
  });
});
