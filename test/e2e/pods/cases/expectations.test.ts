import { deepEqual, equal } from 'node:assert/strict';
import { join } from 'node:path';

import { readCase } from './case-pod.ts';
import { INJECTED_PODS, OWN_PODS } from './expectations.ts';
import { captureFlags, hostOf, identityOf, letThroughPorts, proxyOf, servedPort } from './pod-facts.ts';

const FOLDER = join(import.meta.dirname, 'pods');

describe('the table of expectations', () => {
  it('has every pod once', () => {
    const names = [...OWN_PODS, ...INJECTED_PODS].map(({ source, name }) => `${source} ${name}`);

    deepEqual(names, [...new Set(names)]);
  });

  it('expects nothing twice of a pod', () => {
    for (const { name, expects, expectsAtItsEnd } of [...OWN_PODS, ...INJECTED_PODS]) {
      const all = [...expects, ...expectsAtItsEnd];
      deepEqual(all, [...new Set(all)], name);
    }
  });

  it('gives pods of the same file names of their own', async () => {
    const specs = await Promise.all(OWN_PODS.map((row) => readCase(row, FOLDER)));

    equal(new Set(specs.map(hostOf)).size, OWN_PODS.length);
  });

  it('starts with two pods that can call each other', async () => {
    for (const row of OWN_PODS.slice(0, 2)) equal(servedPort(await readCase(row, FOLDER)), 8080, row.name);
  });
});

describe('what the checks read of a pod', () => {
  async function spec(name: string): ReturnType<typeof readCase> {
    const row = OWN_PODS.find((each) => each.name === name);
    if (row === undefined) throw new Error(`no pod ${name}`);
    return readCase(row, FOLDER);
  }

  it('is the identity of its service account', async () => {
    equal(identityOf(await spec('classic-1.7')), 'spiffe://cluster.local/ns/shop/sa/web');
  });

  it('is the proxy, wherever its layout has it', async () => {
    const proxies = await Promise.all(
      ['classic-1.7', 'native-sidecar'].map(async (name) => proxyOf(await spec(name))),
    );

    deepEqual(
      proxies.map(({ isSidecar }) => isSidecar),
      [false, true],
    );
  });

  it('is what its arguments say of capture, empty words included', async () => {
    const { mode, users, includedRanges, excludedRanges, excludedInbound, excludedOutbound } =
      captureFlags(await spec('native-sidecar')) ?? {};

    deepEqual([mode, users, includedRanges, excludedRanges], ['REDIRECT', ['1337'], ['*'], []]);
    deepEqual(excludedInbound, ['15090', '15021', '9090', '15020']);
    deepEqual(excludedOutbound, ['9443']);
  });

  it('is nothing of capture for a gateway', async () => {
    equal(captureFlags(await spec('gateway')), undefined);
  });

  it('is which ports are let through: those excluded, but for those of the proxy', async () => {
    deepEqual(letThroughPorts(await spec('native-sidecar')), [9090]);
    deepEqual(letThroughPorts(await spec('hold')), []);
  });

  it('is with named inbound ports every other one of the application, too', async () => {
    const pod = await spec('native-sidecar');
    const initContainers = pod.initContainers.map((container) => ({
      ...container,
      args: container.args?.map((word, index, words) => (words[index - 1] === '-b' ? '8080' : word)),
    }));

    deepEqual(letThroughPorts({ ...pod, initContainers }), [9090, 8081]);
  });
});
