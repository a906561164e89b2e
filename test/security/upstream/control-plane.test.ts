// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigError } from '../../../src/runtime/errors.ts';
import {
  caRoots,
  checkAddresses,
  openCaDialer,
  openXdsDialer,
  type ControlPlaneSettings,
} from '../../../src/security/upstream/control-plane.ts';
import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { serverNameOf } from '../../../src/security/upstream/dialer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority, type Authority } from '../authority.ts';
import { controlPlaneSettings } from '../control-plane-settings.ts';

const { signal } = new AbortController();

describe('serverNameOf', () => {
  for (const [address, override, expected] of [
    ['istiod.istio-system.svc:15012', '', 'istiod.istio-system.svc'],
    ['localhost:15012', '', 'istiod.istio-system.svc'],
    ['my-localhost.example:15012', '', 'istiod.istio-system.svc'],
    ['10.1.2.3:15012', '', '10.1.2.3'],
    ['[fd00::1]:15012', '', 'fd00::1'],
    ['localhost:15012', 'san.example', 'san.example'],
  ] as const) {
    it(`15: is ${expected} for ${address} with override "${override}"`, () => {
      assert.equal(serverNameOf(address, override), expected);
    });
  }
});

describe('the dialers', () => {
  let directory: TemporaryDirectory;
  let authority: Authority;

  before(async () => {
    authority = await makeAuthority();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await mkdir(join(directory.path, 'var/run/secrets/istio'), { recursive: true });
    await writeFile(join(directory.path, 'var/run/secrets/istio/root-cert.pem'), authority.rootPem);
    await writeFile(join(directory.path, 'token'), 'token');
  });

  afterEach(() => directory.remove());

  function settings(part: Partial<ControlPlaneSettings> = {}): ControlPlaneSettings {
    return controlPlaneSettings({ workingDirectory: directory.path, ...part });
  }

  function deps() {
    const { log, messages } = recordingLog();
    const clock = new FakeClock();
    const token = new FileToken({ path: join(directory.path, 'token'), clock, log });
    return { token, clock, log, messages };
  }

  const caDialer = (of: ControlPlaneSettings, used: ReturnType<typeof deps>) =>
    openCaDialer(of, caRoots(of), used);

  it('15: reach the CA where the discovery service is, unless it has an address of its own', async () => {
    const [shared, own] = [
      await caDialer(settings({ istiodSan: 'san.example' }), deps()),
      await caDialer(settings({ istiodSan: 'san.example', caAddress: 'ca.example:1' }), deps()),
    ];

    const [toShared, toOwn] = [await shared.dial(signal), await own.dial(signal)];

    assert.equal(toShared.target, 'control.example:15012');
    assert.equal(toShared.options['grpc.default_authority'], 'san.example');
    assert.equal(toOwn.target, 'ca.example:1');
    assert.equal(toOwn.options['grpc.default_authority'], 'ca.example');
  });

  it('give each its own headers, and both the token and the cluster', async () => {
    const ca = await (await caDialer(settings(), deps())).dial(signal);
    const xds = await (await openXdsDialer(settings(), deps())).dial(signal);

    const common = { authorization: 'Bearer token', clusterid: 'here' };
    assert.deepEqual(ca.metadata.getMap(), { ...common, ca: '1' });
    assert.deepEqual(xds.metadata.getMap(), { ...common, xds: '1' });
  });

  it('set the transport numbers of the reference', async () => {
    const { options } = await (await openXdsDialer(settings(), deps())).dial(signal);

    assert.equal(options['grpc.keepalive_time_ms'], 30_000);
    assert.equal(options['grpc.keepalive_timeout_ms'], 10_000);
    assert.equal(options['grpc.keepalive_permit_without_calls'], 0);
    assert.equal(options['grpc.max_receive_message_length'], 2_147_483_647);
    assert.equal(options['grpc-node.flow_control_window'], 1_048_576);
  });

  it('leave nothing to what grpc-js would decide itself', async () => {
    const { options } = await (await openXdsDialer(settings(), deps())).dial(signal);

    assert.equal(options['grpc.enable_http_proxy'], 0);
    assert.equal(options['grpc.enable_retries'], 0);
    assert.equal(options['grpc.use_local_subchannel_pool'], 1);
    assert.equal(options['grpc.service_config_disable_resolution'], 1);
  });

  it('log the root they use by the name the user knows', async () => {
    const used = deps();

    await caDialer(settings(), used);

    assert.deepEqual(used.messages('info'), [
      'Using CA control.example:15012 cert with certs: var/run/secrets/istio/root-cert.pem',
    ]);
  });

  it('16: need no root for a CA at port 15010 and for discovery without TLS', async () => {
    const plain = settings({ caAddress: 'ca.example:15010', discoveryTls: false, certProvider: 'none' });
    const used = deps();

    const [ca, xds] = [await caDialer(plain, used), await openXdsDialer(plain, used)];

    assert.equal((await ca.dial(signal)).credentials._isSecure(), false);
    assert.equal((await xds.dial(signal)).credentials._isSecure(), false);
    assert.equal(used.messages('warn').length, 1);
  });

  it('are refused for an address without a port, and for an IPv6 host without brackets', () => {
    for (const caAddress of ['ca.example:1', '[fd00::1]:1', '']) checkAddresses(settings({ caAddress }));
    const remedy = 'write it as host:port, or [host]:port for IPv6';
    for (const [part, message] of [
      [{ discoveryAddress: 'istiod' }, `discoveryAddress "istiod" is no address: ${remedy}`],
      [{ caAddress: '[fd00::1]' }, `CA_ADDR "[fd00::1]" is no address: ${remedy}`],
      [{ caAddress: 'fd00::1:15012' }, `CA_ADDR "fd00::1:15012" is no address: ${remedy}`],
    ] as const) {
      assert.throws(() => checkAddresses(settings(part)), { name: 'ConfigError', message });
    }
  });

  it('are refused at start for a root file without a certificate', async () => {
    await writeFile(join(directory.path, 'var/run/secrets/istio/root-cert.pem'), 'nothing');

    const cause =
      'failed to create TLS dial option with root certificates: var/run/secrets/istio/root-cert.pem';
    for (const [opening, fatal] of [
      [caDialer(settings(), deps()), 'failed to start default Istio SDS server: '],
      [openXdsDialer(settings(), deps()), 'failed to start xds proxy: '],
    ] as const) {
      await assert.rejects(opening, (error) => {
        assert.ok(error instanceof ConfigError && error.message.startsWith(fatal), String(error));
        assert.ok(error.message.endsWith(`${cause}: no certificate found`), error.message);
        return true;
      });
    }
  });

  it('warn about an unknown compliance policy', async () => {
    const used = deps();

    await openXdsDialer(settings({ compliancePolicy: 'none-such' }), used);

    assert.deepEqual(used.messages('warn'), ['unknown compliance policy: "none-such"']);
  });

  for (const compliancePolicy of ['fips-140-2', 'fips-140-3', 'pqc']) {
    it(`can be restricted to ${compliancePolicy}`, async () => {
      const dialer = await openXdsDialer(settings({ compliancePolicy }), deps());

      assert.equal((await dialer.dial(signal)).credentials._isSecure(), true);
    });
  }
});
