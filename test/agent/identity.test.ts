// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { certificatePem } from '../../src/pki/certificates.ts';
import { parseCsr } from '../../src/pki/csr.ts';
import { issueLeaf } from '../../src/pki/issue.ts';
import { AgentError, ConfigError } from '../../src/runtime/errors.ts';
import { makeAuthority, signRequest } from '../security/authority.ts';
import { startCaServer, type Answer } from '../security/ca-server.ts';
import { loopbackServer } from '../support/http-server.ts';
import { agentConfig } from './support/agent-config.ts';
import { CLOCK, IdentityWorld, served, UNASKED } from './support/identity-world.ts';

describe('openIdentity', () => {
  let world: IdentityWorld;
  beforeEach(async () => {
    world = await IdentityWorld.lay();
  });
  afterEach(() => world.remove());

  it("asks the CA for the workload's certificate with the mounted token, verified by the mounted root", async () => {
    const authority = await makeAuthority();
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await world.mount('var/run/secrets/tokens/istio-token', 'projected\n');
    const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    await mkdir(join(world.path, 'certs'));
    const env = {
      CA_ADDR: `127.0.0.1:${ca.port}`,
      TRUST_DOMAIN: 'td.example',
      SECRET_TTL: '30m',
      OUTPUT_CERTS: 'certs',
    };
    const { secrets } = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    const item = await secrets.get('default', new AbortController().signal);
    await secrets[Symbol.asyncDispose]();

    const pem = item.kind === 'certificate' ? item.certificateChainPem : '';
    equal(new X509Certificate(pem).subjectAltName, 'URI:spiffe://td.example/ns/shop/sa/web');
    deepEqual(
      ca.calls.map(({ headers }) => headers.get('authorization')),
      ['Bearer projected'],
    );
    equal(ca.calls[0]?.request.validityDuration, 1800);
    equal(await readFile(join(world.path, 'certs/cert-chain.pem'), 'utf8'), pem);
    equal((await stat(join(world.path, 'certs/key.pem'))).mode & 0o777, 0o600);
  });

  for (const [env, mode] of [
    [{}, 0o600],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 0o644],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1', OUTPUT_CERTS_MODE: '0640' }, 0o640],
  ] as const) {
    it(`29: writes certificates with mode 0${mode.toString(8)} for ${JSON.stringify(env)}`, async () => {
      const authority = await makeAuthority();
      await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
      const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
      await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
      const { gid } = await stat(world.path);
      const given = {
        CA_ADDR: `127.0.0.1:${ca.port}`,
        OUTPUT_CERTS: '.',
        OUTPUT_CERTS_GROUP: String(gid),
        SECRET_ROTATION_INTERVAL: '5m',
        ...env,
      };
      const { secrets } = await world.open(await agentConfig({ env: given, workingDirectory: world.path }));

      await secrets.get('default', UNASKED);
      const { nextRotationMs = 0, lastSuccessMs = 0 } = secrets.facts();
      await secrets[Symbol.asyncDispose]();

      const written = await stat(join(world.path, 'key.pem'));
      deepEqual([written.mode & 0o777, written.gid], [mode, gid]);
      ok(nextRotationMs > lastSuccessMs && nextRotationMs <= lastSuccessMs + 5 * 60_000);
    });
  }

  it("shows the token of Google's metadata server, and leaves it in the token's file", async () => {
    const authority = await makeAuthority();
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await mkdir(join(world.path, 'var/run/secrets/tokens'));
    const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    await using cloud = await loopbackServer(({ url, headers }, response) => {
      const isAsked =
        headers['metadata-flavor'] === 'Google' && url?.includes('/identity?audience=td.example&');
      response.writeHead(isAsked ? 200 : 404).end('of the cloud\n');
    });
    const env = {
      CA_ADDR: `127.0.0.1:${ca.port}`,
      TRUST_DOMAIN: 'td.example',
      CREDENTIAL_FETCHER_TYPE: 'GoogleComputeEngine',
      GCE_METADATA_HOST: `127.0.0.1:${cloud.port}`,
    };
    const { secrets } = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    await secrets.get('default', new AbortController().signal);
    await secrets[Symbol.asyncDispose]();

    equal(ca.calls[0]?.headers.get('authorization'), 'Bearer of the cloud');
    const path = join(world.path, 'var/run/secrets/tokens/istio-token');
    equal(await readFile(path, 'utf8'), 'of the cloud');
    equal((await stat(path)).mode & 0o777, 0o640);
  });

  it('tries a CA that does not answer for as long as it is told', async () => {
    const authority = await makeAuthority();
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    const answer: Answer = () => new Promise(() => undefined);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    const limits = { CA_ATTEMPT_TIMEOUT: '100ms', CA_CALL_TIMEOUT: '350ms' };
    const env = { CA_ADDR: `127.0.0.1:${ca.port}`, ...limits };
    const { secrets } = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    await rejects(secrets.get('default', new AbortController().signal), /no answer within 350ms$/);
    await secrets[Symbol.asyncDispose]();

    equal(ca.calls.length, 2);
  });

  it('refuses a certificate for another name when it is strict', async () => {
    const authority = await makeAuthority();
    await world.mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    const answer: Answer = async ({ request }) => {
      const { publicKey } = parseCsr(request.csr);
      const times = { notBeforeMs: CLOCK.now() - 1000, notAfterMs: CLOCK.now() + 60_000 };
      const leaf = await issueLeaf(authority.issuer, {
        ...times,
        publicKey,
        names: ['spiffe://x/ns/a/sa/b'],
      });
      return [certificatePem(leaf), authority.rootPem];
    };
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    const env = { CA_ADDR: `127.0.0.1:${ca.port}`, STRICT_SPIFFE_ID: 'true' };
    const { secrets } = await world.open(await agentConfig({ env, workingDirectory: world.path }));

    await rejects(
      secrets.get('default', new AbortController().signal),
      /the CA issued a certificate for spiffe:\/\/x\/ns\/a\/sa\/b, asked was/,
    );
    await secrets[Symbol.asyncDispose]();
  });

  it('refuses to begin without the root certificate, and names it', async () => {
    const opening = world.open(await agentConfig({ workingDirectory: world.path }));

    await rejects(opening, (error) => {
      match(String(error), /root CA file for CA .*istio\/root-cert\.pem/);
      return error instanceof ConfigError;
    });
  });

  it('refuses a CA it does not know before it looks for a root certificate', async () => {
    const stage = 'failed to start default Istio SDS server: failed to start workload secret manager';
    for (const [env, provider] of [
      [{ CA_PROVIDER: 'Other' }, 'Other'],
      [{ CA_ADDR: 'meshca.googleapis.com:443' }, 'GoogleCA'],
    ] as const) {
      const opening = world.open(await agentConfig({ env, workingDirectory: world.path }));

      await rejects(opening, {
        name: 'ConfigError',
        message: `${stage} CA provider "${provider}" not registered`,
      });
    }
  });

  describe('when another SDS server has the certificate', () => {
    it('needs no CA, and serves the secrets of files and no other', async () => {
      const { rootPem } = await makeAuthority();
      await world.mount('var/run/secrets/istio/root-cert.pem', rootPem);
      const env = { CA_PROVIDER: 'Other', CA_ROOT_CA: '/no/root.pem' };

      const identity = await world.open(await agentConfig({ env, workingDirectory: world.path }), true);

      const { secrets, fileCertificates, ca } = identity;
      deepEqual([fileCertificates.fileMounted, ca], [false, undefined]);
      await rejects(secrets.get('default', UNASKED), /attempted to fetch secret, but ca client is nil/);
      equal(await served(identity, 'file-root:var/run/secrets/istio/root-cert.pem'), rootPem);
    });

    it('still needs the root certificate of the discovery service', async () => {
      const opening = world.open(await agentConfig({ workingDirectory: world.path }), true);

      await rejects(
        opening,
        /^ConfigError: failed to start xds proxy: .*root CA file for XDS does not exist var/,
      );
    });
  });

  it('refuses a kind of key that does not exist before it looks at anything else', async () => {
    const config = await agentConfig({ env: { WORKLOAD_RSA_KEY_SIZE: '100' } });

    await rejects(world.open(config), (error) => {
      match(String(error), /100/);
      return error instanceof AgentError;
    });
  });
});
