import assert from 'node:assert/strict';

import { type CaptureHost, detectSettings } from '../../../iptables/settings/detected-settings.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { podRequest } from '../settings-example.ts';

function hostWith(files: Readonly<Record<string, string>>): CaptureHost {
  return {
    addresses: async () => ['10.1.2.3', '2001:db8::1'],
    interfaces: async () => new Set(['eth0']),
    uid: () => 0,
    readText: async (path) => files[path] ?? Promise.reject(new Error(`ENOENT: ${path}`)),
  };
}

describe('detectSettings', () => {
  it('takes the uid of the Envoy user, and the gid from the uid', async () => {
    const host = hostWith({ '/etc/passwd': 'root:x:0:0::/:/bin/sh\nenvoy:x:4242:7::/:/bin/false\n' });
    const request = podRequest({ proxyUID: '', proxyGID: '', envoyUser: 'envoy' });

    const { proxyUID, proxyGID } = await detectSettings(request, host, recordingLog().log);

    assert.deepEqual({ proxyUID, proxyGID }, { proxyUID: '4242', proxyGID: '4242' });
  });

  it('falls back to 1337 when that user or the whole list is missing', async () => {
    for (const files of [{}, { '/etc/passwd': 'root:x:0:0::/:/bin/sh\n' }]) {
      const { proxyUID } = await detectSettings(
        podRequest({ proxyUID: '' }),
        hostWith(files),
        recordingLog().log,
      );

      assert.equal(proxyUID, '1337');
    }
  });

  it('enables IPv6 beside IPv4 in dual stack only', async () => {
    const single = await detectSettings(podRequest(), hostWith({}), recordingLog().log);
    const dual = await detectSettings(podRequest({ dualStack: true }), hostWith({}), recordingLog().log);

    assert.deepEqual([single.enableIPv6, dual.enableIPv6], [false, true]);
  });

  it('reads resolv.conf only when its servers are what is captured', async () => {
    const host = hostWith({ '/etc/resolv.conf': 'nameserver 10.96.0.10\n' });
    const servers = async (redirectDNS: boolean, captureAllDNS: boolean): Promise<readonly string[]> => {
      const request = podRequest({ redirectDNS, captureAllDNS });
      return (await detectSettings(request, host, recordingLog().log)).dnsServersV4;
    };

    assert.deepEqual(await servers(true, false), ['10.96.0.10']);
    assert.deepEqual(await servers(true, true), []);
    assert.deepEqual(await servers(false, false), []);
  });

  it('fails when resolv.conf is needed and cannot be read', async () => {
    const found = detectSettings(podRequest({ redirectDNS: true }), hostWith({}), recordingLog().log);

    await assert.rejects(found, /failed to load \/etc\/resolv\.conf: ENOENT/);
  });

  it('warns of a server behind an interface that does not exist', async () => {
    const host = hostWith({ '/etc/resolv.conf': 'nameserver fe80::1%nope0\n' });
    const { log, messages } = recordingLog();

    await detectSettings(podRequest({ redirectDNS: true }), host, log);

    assert.match(messages('warn').join(), /fe80::1%nope0/);
  });
});
