import { deepEqual, equal, rejects } from 'node:assert/strict';

import { timedAuthority, timedProxy, timedToken } from '../../src/agent/startup-times.ts';
import { Counters } from '../../src/agent/counters.ts';
import type { TokenSource } from '../../src/security/upstream/token-source.ts';
import { CLUSTER_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../src/xds/type-urls.ts';

const NEVER = new AbortController().signal;

function noting(notes: string[]) {
  return {
    begun: (errand: string) => void notes.push(`begun ${errand}`),
    done: (errand: string) => void notes.push(`done ${errand}`),
    reached: (step: string) => void notes.push(`reached ${step}`),
  };
}

function tokens(...answers: readonly (string | undefined)[]): TokenSource {
  const left = [...answers];
  return { read: async () => left.shift(), expiresMs: 17, run: async () => undefined };
}

describe('timedToken', () => {
  it('notes reading, and success only when there is a token', async () => {
    const notes: string[] = [];
    const source = timedToken(tokens(undefined, 'token'), noting(notes));

    equal(await source.read(NEVER), undefined);
    equal(await source.read(NEVER), 'token');

    deepEqual(notes, ['begun token', 'begun token', 'done token']);
    equal(source.expiresMs, 17);
  });
});

describe('timedAuthority', () => {
  it('notes an answer, and no refusal', async () => {
    const notes: string[] = [];
    const answers = [Promise.reject(new Error('refused')), Promise.resolve(['chain'])];
    const ca = timedAuthority(
      {
        signCsr: (csr, ttl) => (equal(`${csr} ${ttl}`, 'csr 60'), answers.shift() ?? Promise.resolve([])),
        rootBundle: async () => ['root'],
        close: async () => void notes.push('closed'),
      },
      noting(notes),
    );

    await rejects(ca.signCsr('csr', 60, NEVER), /refused/);
    deepEqual(await ca.signCsr('csr', 60, NEVER), ['chain']);
    deepEqual(await ca.rootBundle(NEVER), ['root']);
    await ca.close();

    deepEqual(notes, ['done csr', 'closed']);
  });
});

describe('timedProxy', () => {
  it('notes accepted clusters and listeners, and counts as before', () => {
    const notes: string[] = [];
    const counters = new Counters();
    const { accepted } = timedProxy(counters.xds, noting(notes));

    for (const type of [CLUSTER_TYPE, ROUTE_TYPE, LISTENER_TYPE]) accepted(type, 5);

    deepEqual(notes, ['reached cds', 'reached lds']);
    const counted = counters.metrics().find(({ name }) => name === 'xds_proxy_ack_duration_seconds');
    equal(JSON.stringify(counted).includes('"RDS"'), true);
  });
});
