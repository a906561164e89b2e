// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, notEqual, rejects } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { pemTexts } from '../../src/pki/pem.ts';
import { CaClient } from '../../src/security/ca/ca-client.ts';
import { issuePair, makeAuthority, type Authority, type PemPair } from '../security/authority.ts';
import { RpcFailure, startCaServer, type CaServer } from '../security/ca-server.ts';
import { until } from '../security/progress.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';
import { DEPS, IdentityWorld, served, UNASKED } from './support/identity-world.ts';

describe('openIdentity with certificates in files', () => {
  let world: IdentityWorld;
  beforeEach(async () => {
    world = await IdentityWorld.lay();
  });
  afterEach(() => world.remove());

  const mounted = 'var/run/secrets/workload-spiffe-credentials';
  let authority: Authority;
  let pair: PemPair;
  before(async () => {
    authority = await makeAuthority();
    pair = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
  });

  async function mountTrio(
    directory: string,
    [chain, key, root] = ['cert-chain.pem', 'key.pem', 'root-cert.pem'],
  ): Promise<void> {
    await world.mount(`${directory}/${chain}`, pair.chainPem);
    await world.mount(`${directory}/${key}`, pair.keyPem);
    await world.mount(`${directory}/${root}`, authority.rootPem);
  }

  /** A CA that refuses, and what reaches it. */
  const refusing = (): Promise<CaServer> =>
    startCaServer({
      authority,
      names: ['127.0.0.1'],
      answer: () => {
        throw new RpcFailure('PERMISSION_DENIED', 'no');
      },
    });

  it('51: serves files by name without a CA, and shows the pair of the metadata to the discovery service', async () => {
    await mountTrio('m');
    await using server = await startCaServer({
      authority,
      names: ['127.0.0.1'],
      requireClientCertificate: true,
      answer: () => [pair.chainPem, authority.rootPem],
    });
    const address = `127.0.0.1:${server.port}`;
    const proxyMetadata = {
      ISTIO_META_TLS_CLIENT_CERT_CHAIN: 'm/cert-chain.pem',
      ISTIO_META_TLS_CLIENT_KEY: join(world.path, 'm/key.pem'),
      ISTIO_META_TLS_CLIENT_ROOT_CERT: './m/root-cert.pem',
    };
    const config = await agentConfig({
      env: { FILE_MOUNTED_CERTS: 'true' },
      proxyConfig: { proxyMetadata, discoveryAddress: address },
      workingDirectory: world.path,
    });

    const identity = await world.open(config);
    const name = 'file-cert:m/cert-chain.pem~m/key.pem';

    equal(await served(identity, name), pair.chainPem);
    equal(await served(identity, `file-root:${world.path}/m/root-cert.pem`), authority.rootPem);
    deepEqual([identity.ca, server.calls.length], [undefined, 0]);
    const caller = new CaClient(
      { certSigner: '' },
      { ...DEPS, log: recordingLog().log, dialer: identity.xdsDialer },
    );
    equal((await caller.signCsr('csr', 1, UNASKED)).length, 2);
    equal(server.calls[0]?.headers.has('authorization'), false); // no token was mounted
  });

  it('52: serves those of etc/certs, and asks the CA for nothing', async () => {
    await mountTrio('etc/certs');
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await using server = await refusing();
    const env = { CA_ADDR: `127.0.0.1:${server.port}` };
    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));
    const stop = new AbortController();
    const running = identity.secrets.run(stop.signal).catch(() => undefined); // the reason of the signal

    equal(await served(identity, 'default'), pair.chainPem);
    equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
    stop.abort(new Error('enough'));
    await running;

    notEqual(identity.ca, undefined);
    equal(server.calls.length, 0);
  });

  it('asks the CA when it writes its answers to etc/certs itself', async () => {
    await mountTrio('etc/certs');
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await using server = await refusing();
    const env = { CA_ADDR: `127.0.0.1:${server.port}`, OUTPUT_CERTS: './etc/certs/' };
    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    await rejects(identity.secrets.get('default', UNASKED), /PermissionDenied/);

    equal(server.calls.length, 1);
  });

  it('53: serves those that are mounted for the workload, without a CA', async () => {
    await mountTrio(mounted);
    const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem`, CA_PROVIDER: 'Other' };

    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    equal(identity.ca, undefined);
    equal(await served(identity, 'default'), pair.chainPem);
    equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
    for (const text of [
      'workload certificate files detected, creating secret manager without caClient',
      'Workload is using file mounted certificates. Skipping connecting to CA',
    ]) {
      equal(world.recorded.messages('info').includes(text), true);
    }
  });

  it('writes those that are mounted to OUTPUT_CERTS, and what replaces them, with no stream', async () => {
    await mountTrio(mounted);
    await mkdir(join(world.path, 'out'));
    const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem`, OUTPUT_CERTS: './out' };
    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));
    const written = (name: string): string | undefined => {
      const path = join(world.path, 'out', name);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    };
    const stop = new AbortController();
    const running = identity.secrets.run(stop.signal);
    await until(() => written('key.pem') === pair.keyPem && written('root-cert.pem') !== undefined);

    const next = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
    await world.mount(`${mounted}/key.pem`, next.keyPem);
    await world.mount(`${mounted}/cert-chain.pem`, next.chainPem);
    await until(() => written('key.pem') === next.keyPem && written('cert-chain.pem') === next.chainPem);

    stop.abort();
    await running;
    equal(written('root-cert.pem'), authority.rootPem.trimEnd());
  });

  it('54: serves those of GKE', async () => {
    await mountTrio(mounted, ['certificates.pem', 'private_key.pem', 'ca_certificates.pem']);
    const env = { CA_PROVIDER: 'GkeWorkloadCertificate', XDS_ROOT_CA: `${mounted}/ca_certificates.pem` };

    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    equal(identity.ca, undefined);
    equal(await served(identity, 'default'), pair.chainPem);
    equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
  });

  it('28: serves further trust anchors with ROOTCA, and not with the file by its name', async () => {
    await mountTrio(mounted);
    const { rootPem: further } = await makeAuthority('further');
    const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem` };
    const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    identity.secrets.setExtraAnchors([further]);

    const merged = (await served(identity, 'ROOTCA')) ?? '';
    deepEqual(new Set(pemTexts(merged)), new Set([...pemTexts(further), ...pemTexts(authority.rootPem)]));
    equal(await served(identity, `file-root:${mounted}/root-cert.pem`), authority.rootPem);
  });

  it('looks for a revocation list unless that is switched off', async () => {
    await mountTrio(mounted);
    const listOf = async (crl: string): Promise<unknown> => {
      const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem`, PILOT_ENABLE_CA_CRL: crl };
      return (await world.open(await agentConfig({ env, workingDirectory: world.path }))).fileCertificates
        .crl;
    };

    notEqual(await listOf('true'), undefined);
    equal(await listOf('false'), undefined);
  });

  it('names the two ways to a root certificate for the discovery service', async () => {
    await mountTrio(mounted);

    const opening = world.open(await agentConfig({ workingDirectory: world.path }));

    await rejects(opening, {
      message:
        'failed to start xds proxy: failed to get TLS options to talk to upstream: failed to find root CA cert ' +
        'for XDS: root CA file for XDS does not exist : set XDS_ROOT_CA, or ISTIO_META_TLS_CLIENT_ROOT_CERT in ' +
        'proxyMetadata',
    });
  });

  it('asks the CA when one of the mounted files is missing', async () => {
    await mountTrio(mounted);
    await rm(join(world.path, mounted, 'key.pem'));

    const opening = world.open(await agentConfig({ workingDirectory: world.path }));

    await rejects(opening, /root CA file for CA does not exist/);
  });
});
