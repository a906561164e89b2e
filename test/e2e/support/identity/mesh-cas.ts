// CAs of a mesh that answer as no good one does. Agents trust their servers as they do the control plane's.

import { openRoot } from '../../../../src/discovery/ca/root.ts';
import { certificatePem } from '../../../../src/pki/certificates.ts';
import { makeCsr } from '../../../../src/pki/csr.ts';
import { generateKeys } from '../../../../src/pki/keys.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { makeAuthority, signRequest, type Authority } from '../../../security/authority.ts';
import { RpcFailure, startCaServer, type Answer, type CaServer } from '../../../security/ca-server.ts';

export const CA_KINDS = [
  'refuses',
  'signs another key',
  'sends an expired chain',
  'has a new root',
  'names both roots',
] as const;
export type CaKind = (typeof CA_KINDS)[number];

export class MeshCas implements AsyncDisposable {
  readonly #servers: ReadonlyMap<CaKind, CaServer>;

  private constructor(servers: ReadonlyMap<CaKind, CaServer>) {
    this.#servers = servers;
  }

  /** @param stateDirectory of the control plane: the root is that one's */
  static async start(stateDirectory: string): Promise<MeshCas> {
    const issuer = await openRoot(stateDirectory, undefined, Date.now());
    const authority = { issuer, rootPem: certificatePem(issuer.certificate) };
    const answers = answersOf(authority, await makeAuthority('next.example'));
    const servers = new Map<CaKind, CaServer>();
    for (const kind of CA_KINDS) {
      servers.set(kind, await startCaServer({ authority, names: ['127.0.0.1'], answer: answers[kind] }));
    }
    return new MeshCas(servers);
  }

  port(kind: CaKind): number {
    return this.#servers.get(kind)?.port ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
  }
}

function answersOf(present: Authority, next: Authority): Readonly<Record<CaKind, Answer>> {
  const sign = (authority: Authority, csr: string, lifetimeMs: number): Promise<string[]> =>
    signRequest(authority, csr, lifetimeMs, systemClock());
  // Workloads that have not been given the next root yet are still called and answered.
  const withBothRoots = async ([leaf = '']: string[]): Promise<string[]> => [
    leaf,
    next.rootPem + present.rootPem,
  ];
  return {
    refuses: ({ headers }) => {
      // as thoughtless servers do
      throw new RpcFailure('PERMISSION_DENIED', `no certificate for ${headers.get('authorization')}`);
    },
    'signs another key': async ({ request }) =>
      sign(present, await strangersRequest(), request.validityDuration * 1000),
    'sends an expired chain': ({ request }) => sign(present, request.csr, -1000),
    'has a new root': async ({ request }) =>
      withBothRoots(await sign(next, request.csr, request.validityDuration * 1000)),
    'names both roots': async ({ request }) =>
      withBothRoots(await sign(present, request.csr, request.validityDuration * 1000)),
  };
}

async function strangersRequest(): Promise<string> {
  const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
  return makeCsr(keys, 'spiffe://cluster.local/ns/default/sa/stranger');
}
