// What a scenario says about the agent before it runs: options, environment and files.

import assert from 'node:assert/strict';

import type { Kind } from '../../../src/xds-proxy/envelopes.ts';
import { issuePair, type Authority } from '../../security/authority.ts';
import { lay, ROOT_FILE, TOKEN_FILE, type AgentSettings, type Handler } from './agent-under-test.ts';

/** What the control plane's certificate is issued for; it is reached by an address. */
export const SERVER_NAME = 'istiod.istio-system.svc';
export const TOKEN = 'token-of-the-workload';

const PROVISIONED = 'provisioned';
const DAY_MS = 86_400_000;

/** Roots that the agent can be given. */
export interface Roots {
  readonly right: Authority;
  readonly wrong: Authority;
}

type RootWord = 'right' | 'wrong';

export class Setup {
  kind: Kind = 'sotw';
  readonly handlers = new Set<Handler>();
  env: Record<string, string> = { ISTIO_META_CLUSTER_ID: 'cluster-of-the-workload', ISTIOD_SAN: SERVER_NAME };
  readonly proxyConfig: Record<string, unknown> = {};
  #root: RootWord = 'right';
  #hasToken = true;
  #isProvisioned = false;

  get isPlaintext(): boolean {
    return this.proxyConfig['controlPlaneAuthPolicy'] === 'NONE';
  }

  /** @returns false for a member that is about something else */
  take(member: string, value: unknown): boolean {
    const take = Object.hasOwn(MEMBERS, member) ? MEMBERS[member] : undefined;
    take?.(this, value);
    return take !== undefined;
  }

  setRoot(root: RootWord): void {
    this.#root = root;
  }

  setToken(isThere: boolean): void {
    this.#hasToken = isThere;
  }

  provision(): void {
    this.#isProvisioned = true;
    this.env = { ...this.env, PROV_CERT: `./${PROVISIONED}` };
  }

  async layOut(folder: string, roots: Roots): Promise<void> {
    await this.writeRoot(folder, roots);
    if (this.#hasToken) await lay(folder, TOKEN_FILE, `${TOKEN}\n`);
    if (!this.#isProvisioned) return;
    const over = { notBeforeMs: Date.now() - 2 * DAY_MS, notAfterMs: Date.now() - DAY_MS };
    const { chainPem, keyPem } = await issuePair(roots.right, ['spiffe://cluster.local/ns/a/sa/b'], over);
    await lay(folder, `${PROVISIONED}/cert-chain.pem`, chainPem);
    await lay(folder, `${PROVISIONED}/key.pem`, keyPem);
  }

  async writeRoot(folder: string, roots: Roots): Promise<void> {
    const file = this.#isProvisioned ? `${PROVISIONED}/root-cert.pem` : ROOT_FILE;
    await lay(folder, file, roots[this.#root].rootPem);
  }

  settings(folder: string, discoveryAddress: string): AgentSettings {
    const { env, proxyConfig, handlers } = this;
    return { folder, discoveryAddress, env, proxyConfig, handlers };
  }
}

type Taker = (setup: Setup, value: unknown) => void;

const MEMBERS: Readonly<Record<string, Taker>> = {
  kind: (setup, value) => {
    if (value !== 'sotw' && value !== 'delta') assert.fail(`no rule for kind ${String(value)}`);
    setup.kind = value;
  },
  options: (setup, value) => {
    const { handlers = [], ...rest } = value as { readonly handlers?: readonly string[] };
    assert.deepEqual(rest, {}, 'options without a rule');
    for (const handler of handlers) {
      if (handler !== 'NDS' && handler !== 'PCDS') assert.fail(`no rule for handler ${handler}`);
      setup.handlers.add(handler);
    }
  },
  controlPlaneAuthPolicy: (setup, value) => {
    setup.proxyConfig['controlPlaneAuthPolicy'] = value;
  },
  env: (setup, value) => {
    setup.env = { ...setup.env, ...(value as Record<string, string>) };
  },
  root: (setup, value) => {
    const [, which] = /^(right|wrong) CA(?: written to the same path)?$/.exec(String(value)) ?? [];
    setup.setRoot((which as RootWord | undefined) ?? assert.fail(`no rule for root "${String(value)}"`));
  },
  token: (setup, value) => {
    assert.equal(value, 'absent', `no rule for token "${String(value)}"`);
    setup.setToken(false);
  },
  PROV_CERT: (setup, value) => {
    assert.equal(value, 'expired pair', `no rule for PROV_CERT "${String(value)}"`);
    setup.provision();
  },
};
