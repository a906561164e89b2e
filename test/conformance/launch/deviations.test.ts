import assert from 'node:assert/strict';

import { wantedLaunch } from './deviations.ts';
import type { AgentStart, LaunchExpectation } from './launch-case.ts';

const STARTED: LaunchExpectation = { exitCode: 0, envoyArgv: ['-c', 'f'], bootstrap: { a: 1 } };

function start(expected: Partial<LaunchExpectation>, others: Partial<AgentStart> = {}): AgentStart {
  return { args: ['proxy'], env: {}, files: {}, expected: { ...STARTED, ...expected }, ...others };
}

describe('wantedLaunch', () => {
  it('is what was recorded where no deviation is told, whatever was recorded', () => {
    for (const expected of [{}, { exitCode: 2 }, { envoyArgv: null, bootstrap: null }]) {
      const item = start(expected);

      assert.deepEqual(wantedLaunch(item), item.expected);
    }
  });

  it('is Envoy with some bootstrap where the reference crashes', () => {
    const item = start(
      { exitCode: 2, envoyArgv: null, bootstrap: null, stderrContains: ['panic'] },
      { deviation: 'crashes' },
    );

    const { exitCode, envoyArgv, bootstrap, stderrContains } = wantedLaunch(item);

    assert.deepEqual({ exitCode, envoyArgv, bootstrap }, { exitCode: 0, envoyArgv: 'any', bootstrap: 'any' });
    assert.deepEqual(stderrContains, []);
  });

  it('is a failed start where Envoy could not be started', () => {
    const item = start({ envoyArgv: null, bootstrap: null }, { deviation: 'exits 0' });

    assert.equal(wantedLaunch(item).exitCode, 255);
  });

  it('is the code of every failed start where the reference has one of its own', () => {
    const item = start({ exitCode: 1, envoyArgv: null, bootstrap: null }, { deviation: 'exits 1' });

    assert.equal(wantedLaunch(item).exitCode, 255);
  });

  it('is what was recorded, to the letter, where only the spelling of a value deviates', () => {
    for (const bootstrap of [
      { stats_flush_interval: '1m0s' },
      { tcp_keepalive: { keepalive_time: { value: 1 } } },
    ]) {
      const item = start({ bootstrap }, { deviation: 'spelling' });

      assert.equal(wantedLaunch(item), item.expected);
    }
  });

  it('leaves one member open where the deviation is of no known kind', () => {
    assert.equal(wantedLaunch(start({}, { deviation: 'something else' })).hasOpenMember, true);
  });

  it('is what a text with a comma too many means, with the version left open', () => {
    const item = start(
      {
        bootstrap: null,
        bootstrapText: '{"node":{"metadata":{"ISTIO_VERSION":"x","l":[1, 2,\n]}},"s":",}",}',
        grpcBootstrap: { node: { metadata: { ISTIO_VERSION: '${ISTIO_VERSION}' } } },
      },
      { deviation: 'not JSON' },
    );

    assert.deepEqual(wantedLaunch(item).bootstrap, {
      node: { metadata: { ISTIO_VERSION: '${ISTIO_VERSION}', l: [1, 2] } },
      s: ',}',
    });
  });

  it('is some bootstrap where the text means nothing', () => {
    const item = start({ bootstrap: null, bootstrapText: '{"a":"\\\'"}' }, { deviation: 'not JSON' });

    assert.equal(wantedLaunch(item).bootstrap, 'any');
  });

  it('is a refusal where the reference renders a Go template', () => {
    const item = start({}, { files: { 't.json': '{"id":"{{ .nodeID }}"}' } });

    const { exitCode, envoyArgv, stderrContains } = wantedLaunch(item);

    assert.deepEqual({ exitCode, envoyArgv }, { exitCode: 255, envoyArgv: null });
    assert.ok(stderrContains?.includes('is a Go template'));
  });
});
