import assert from 'node:assert/strict';

import { addRoutes, removeOldRoutes, removeRoutes } from '../../iptables/routes.ts';
import {
  type CaptureConfig,
  type CaptureSettings,
  resolveCapture,
} from '../../iptables/settings/capture-config.ts';
import type { RunTool } from '../../iptables/tools/run-tool.ts';
import { recordingLog } from '../support/recording-log.ts';
import { podSettings } from './settings-example.ts';

const TPROXY: Partial<CaptureSettings> = { inboundInterceptionMode: 'TPROXY' };

function config(changes: Partial<CaptureSettings>): CaptureConfig {
  return resolveCapture(podSettings(changes));
}

/** @param answers standard error by a part of the call; such a call fails. `rules` is what `rule show` prints. */
function fakeIp(answers: Readonly<Record<string, string>> = {}, rules: readonly object[] = []) {
  const calls: string[] = [];
  const run: RunTool = async ({ file, args }) => {
    const call = [file, ...args].join(' ');
    calls.push(call);
    const stderr = Object.entries(answers).find(([part]) => call.includes(part))?.[1];
    if (stderr !== undefined) return { code: 2, stdout: '', stderr };
    return { code: 0, stdout: call.endsWith('rule show') ? JSON.stringify(rules) : '', stderr: '' };
  };
  const changes = (): readonly string[] => calls.filter((call) => !call.endsWith('show'));
  return { changes, deps: { run, log: recordingLog().log } };
}

const MARKED = { fwmark: '0x539', table: '133' };

describe('addRoutes', () => {
  it('needs nothing for IPv4 redirection', async () => {
    const ip = fakeIp();

    await addRoutes(ip.deps, config({}));

    assert.deepEqual(ip.changes(), []);
  });

  it('gives the loopback interface the passthrough address of IPv6', async () => {
    const ip = fakeIp();

    await addRoutes(ip.deps, config({ enableIPv6: true }));

    assert.deepEqual(ip.changes(), ['ip -6 addr add ::6/128 dev lo']);
  });

  it('routes marked packets locally in TPROXY mode, and not when nothing inbound is captured', async () => {
    const ip = fakeIp();

    await addRoutes(ip.deps, config({ ...TPROXY, inboundPortsInclude: '' }));
    await addRoutes(ip.deps, config(TPROXY));

    assert.deepEqual(ip.changes(), [
      'ip -4 rule add fwmark 1337 lookup 133',
      'ip -4 route add local default dev lo table 133 scope host',
    ]);
  });

  it('never stacks a second copy of a rule', async () => {
    const ip = fakeIp({ 'route add': 'RTNETLINK answers: File exists' }, [MARKED]);

    await addRoutes(ip.deps, config(TPROXY));

    assert.ok(!ip.changes().some((call) => call.includes('rule add')));
  });

  it('takes what is there already for success, and does not undo it', async () => {
    const ip = fakeIp({
      'addr add': 'Error: ipv6: address already assigned.',
      'route add': 'RTNETLINK answers: Operation not permitted',
    });

    await assert.rejects(addRoutes(ip.deps, config({ ...TPROXY, enableIPv6: true })));

    assert.ok(!ip.changes().some((call) => call.includes('addr del')));
  });

  it('undoes the first steps when a later one fails', async () => {
    const ip = fakeIp({ 'route add': 'RTNETLINK answers: Operation not permitted' });

    await assert.rejects(addRoutes(ip.deps, config(TPROXY)), {
      id: 'IPT-NO-NET-ADMIN',
      message: /^failed to configure routes: /,
    });

    assert.equal(ip.changes().at(-1), 'ip -4 rule del fwmark 1337 lookup 133');
  });
});

describe('removeRoutes', () => {
  it('removes every copy of the rule, the route and the address', async () => {
    const ip = fakeIp({ 'route del': 'RTNETLINK answers: No such process' }, [
      MARKED,
      MARKED,
      { table: 'main' },
    ]);

    await removeRoutes(ip.deps, config({ ...TPROXY, enableIPv6: true }));

    const changes = ip.changes();
    assert.equal(changes.filter((call) => call === 'ip -4 rule del fwmark 1337 lookup 133').length, 2);
    assert.ok(changes.includes('ip -6 route del local default dev lo table 133 scope host'));
    assert.equal(changes.at(-1), 'ip -6 addr del ::6/128 dev lo');
  });
});

describe('removeOldRoutes', () => {
  const REMOVED = ['-4', '-6'].flatMap((option) => [
    `ip ${option} rule del fwmark 1337 lookup 133`,
    `ip ${option} route del local default dev lo table 133 scope host`,
  ]);

  it('removes routes of earlier marks that nothing needs any more, though the mark is still set', async () => {
    const ip = fakeIp({}, [MARKED, { fwmark: '0x17', table: '9' }]);

    await removeOldRoutes(ip.deps, [1337], config({ ...TPROXY, inboundPortsInclude: '' }));

    assert.deepEqual(ip.changes(), REMOVED);
  });

  it('keeps those that this run sets, each IP version for itself', async () => {
    const ip = fakeIp({}, [MARKED]);

    await removeOldRoutes(ip.deps, [1337], config(TPROXY));
    await removeOldRoutes(ip.deps, [1337], config({ ...TPROXY, enableIPv6: true }));

    assert.deepEqual(ip.changes(), REMOVED.slice(2));
  });
});
