// Names as applications resolve them, with the C libraries they are linked with, in a pod whose DNS is captured by the
// real rules.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { namespaceObstacle } from '../iptables/network-namespace.ts';
import type { NameTable } from '../dns/support/packed.ts';
import { C_LIBRARIES, compileResolver, compilerObstacle } from './support/dns/c-library.ts';
import { CapturedPod } from './support/dns/captured-pod.ts';
import { digObstacle } from './support/dns/dig.ts';
import type { InsideProgram } from './support/inside.ts';

const SERVER = join(import.meta.dirname, 'fixtures/dns-server.ts');
const SEARCH = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
/** As a kubelet writes it: what has fewer than five dots is asked for with the search domains first. */
const RESOLV_CONF = `search ${SEARCH.join(' ')}\noptions ndots:5 timeout:5 attempts:1`;

const WEB = 'web.shop.svc.cluster.local';
const DB = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];
const CROWD = Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`);
const GIANT = Array.from({ length: 64 }, (_, index) => `10.1.0.${index}`);
/** Addresses that fit into a UDP message of 512 bytes at least, whatever the name. */
const FIT = 20;

function service(shortname: string, namespace: string, ...ips: readonly string[]): NameTable[string] {
  return { registry: 'Kubernetes', shortname, namespace, ips };
}

const TABLE: NameTable = {
  [WEB]: service('web', 'shop', '10.96.0.1'),
  'pay.bank.svc.cluster.local': service('pay', 'bank', '10.96.0.2', '2001:db8::2'),
  'db.example': { registry: 'External', ips: DB },
  'crowd.example': { registry: 'External', ips: CROWD },
  '*.wild.example': { registry: 'External', ips: ['198.51.100.20'] },
};

const obstacle = namespaceObstacle() ?? compilerObstacle() ?? digObstacle();

describe('an application in a captured pod', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    names are not resolved by C libraries: ${obstacle}`);
    return;
  }

  let captured: CapturedPod;

  before(async () => {
    captured = await CapturedPod.start(RESOLV_CONF);
    await writeFile(join(captured.path, 'table.json'), JSON.stringify(TABLE));
    await Promise.all(C_LIBRARIES.map((library) => compileResolver(captured.path, library)));
  });

  after(() => captured[Symbol.asyncDispose]());

  async function serve(...words: readonly string[]): Promise<InsideProgram> {
    const server = await captured.startProxy([SERVER, join(captured.path, 'table.json'), ...words]);
    await server.until(() => server.output.includes('listening'));
    return server;
  }

  for (const library of C_LIBRARIES) {
    describe(`linked with ${library.name}`, () => {
      let server: InsideProgram;

      before(async () => {
        server = await serve();
      });

      after(() => server[Symbol.asyncDispose]());

      /** Of each name its addresses in order, or the one word that says why there are none. */
      async function resolve(family: '4' | '6' | 'any', ...names: readonly string[]): Promise<string[][]> {
        const program = join(captured.path, `resolve-with-${library.name}`);
        const { stdout } = await captured.pod.run(program, [family, ...names]);
        const lines = stdout.trimEnd().split('\n');
        return lines.map((line) => line.trim().split(' ').toSorted());
      }

      it('finds services by their short names, with the addresses of both families', async () => {
        deepEqual(
          await resolve('any', 'web', 'web.shop', 'web.shop.svc', 'pay.bank', 'pay.bank.svc', 'pay'),
          [
            ['10.96.0.1'],
            ['10.96.0.1'],
            ['10.96.0.1'],
            ['10.96.0.2', '2001:db8::2'],
            ['10.96.0.2', '2001:db8::2'],
            ['none'],
          ],
        );
        deepEqual(await resolve('6', 'pay.bank'), [['2001:db8::2']]);
      });

      it('finds a service by its whole name, with final dot or without', async () => {
        deepEqual(await resolve('any', WEB, `${WEB}.`), [['10.96.0.1'], ['10.96.0.1']]);
      });

      it('finds all addresses of a host', async () => {
        deepEqual(await resolve('any', 'db.example', 'db.example.'), [DB, DB]);
      });

      it('knows that a name has no address of a family, and that nothing has failed', async () => {
        deepEqual(await resolve('6', 'web', 'db.example', 'db.example.'), [['none'], ['none'], ['none']]);
      });

      it('finds what is below a wildcard, though its alias has a star', async () => {
        const address = ['198.51.100.20'];

        deepEqual(await resolve('any', 'a.wild.example', 'a.wild.example.'), [address, address]);
      });

      it('finds as many addresses as it has room for when they do not fit into a datagram', async () => {
        const [local = [], forwarded = []] = await resolve('4', 'crowd.example', 'giant.example.org');

        ok(local.length >= FIT && local.every((address) => CROWD.includes(address)), `${local.length}`);
        ok(forwarded.length >= FIT && forwarded.every((address) => GIANT.includes(address)));
        if (library.name === 'glibc')
          deepEqual([local.length, forwarded.length], [CROWD.length, GIANT.length]);
      });

      it('has others asked about what the mesh does not know, and only about that', async () => {
        const last = `udp ${library.name}.example.org. A`;
        await resolve('4', `${library.name}.example.org.`);
        await server.until(() => captured.queries.includes(last)); // so that all before it have been seen
        const before = captured.queries.length;
        await resolve('any', 'web.shop', 'db.example', 'a.wild.example');

        deepEqual(await resolve('4', 'www.example.org', 'none.example.org.'), [['192.0.2.80'], ['none']]);

        const searched = SEARCH.map((domain) => `www.example.org.${domain}.`);
        const expected = [...searched, 'www.example.org.', 'none.example.org.'].map(
          (name) => `udp ${name} A`,
        );
        await server.until(() => captured.queries.length >= before + expected.length);
        deepEqual(captured.queries.slice(before), expected);
      });

      it('finds what is below a wildcard without an alias, where that is wanted', async () => {
        await server[Symbol.asyncDispose]();
        server = await serve('flatten');

        const found = await resolve('any', 'a.wild.example', 'a.wild.example.');
        const { stdout } = await captured.pod.run('dig', ['+short', `a.wild.example.${SEARCH[0]}`]);

        deepEqual(found, [['198.51.100.20'], ['198.51.100.20']]);
        equal(stdout, '198.51.100.20\n');
      });
    });
  }
});
