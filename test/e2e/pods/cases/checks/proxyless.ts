// A pod whose application speaks xDS itself: the agent gives it certificates in files and the way to the control plane.

import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { callerOf, seenBy } from '../asking.ts';
import { type Check, expect } from '../check.ts';
import { hostOf, identityOf, PROXY, servedPort } from '../pod-facts.ts';

/** What the agent writes for the application, which runs as another user. */
const SHARED_FILES = [
  'etc/istio/proxy/grpc-bootstrap.json',
  ...['cert-chain.pem', 'key.pem', 'root-cert.pem'].map((name) => `var/lib/istio/data/${name}`),
];

/** The bootstrap and the certificate that the application reads; the certificate is the pod's. */
export const writesBootstrapAndCertificates: Check = async ({ pod }) => {
  const root = `/proc/${pod.containerPid(PROXY)}/root`;
  const text = await readFile(join(root, 'etc/istio/proxy/grpc-bootstrap.json'), 'utf8');
  const { xds_servers: servers } = JSON.parse(text) as { xds_servers: readonly { server_uri: string }[] };
  const socket = servers[0]?.server_uri;
  expect(socket === 'unix:///etc/istio/proxy/XDS', `the server of the bootstrap is ${socket}`);
  const chain = await readFile(join(root, 'var/lib/istio/data/cert-chain.pem'));
  const { subjectAltName } = new X509Certificate(chain);
  const wanted = `URI:${identityOf(pod.spec)}`;
  expect(subjectAltName === wanted, `the certificate is for ${subjectAltName}, not ${wanted}`);
  for (const path of SHARED_FILES) {
    const mode = (await stat(join(root, path))).mode & 0o777;
    expect(mode === 0o644, `/${path} has mode ${mode.toString(8)}: the application could not read it`);
  }
  return undefined;
};

/** The application calls the peer over mTLS without an Envoy of its own. */
export const callsByProxylessXds: Check = async ({ pod, peer }) => {
  const host = `${hostOf(peer)}:${servedPort(peer.spec)}`;
  const seen = await seenBy(pod, `xds:///${host}/test.Echo/Echo`);
  const [caller, wanted] = [callerOf(seen), identityOf(pod.spec)];
  expect(caller === wanted, `the peer saw ${caller}, not ${wanted}`);
  return caller;
};
