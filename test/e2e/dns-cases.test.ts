// How names resolve, case by case, as a client that is not ours sees it: over UDP and TCP, with resolvers that are asked
// one after the other and all at once.

import { deepEqual, equal, ok } from 'node:assert/strict';

import { SILENT } from '../dns/support/fake-resolver.ts';
import { packedBytes, readJson } from '../dns/support/packed.ts';
import { digObstacle } from './support/dns/dig.ts';
import { CUT, GIANT } from './support/dns/resolver-answers.ts';
import { MANY, Resolving, SEARCH, TABLE, WEB, type Way } from './support/dns/resolving.ts';

const WAYS: readonly Way[] = (['udp', 'tcp'] as const).flatMap((protocol) =>
  [false, true].map((parallel) => ({ protocol, parallel })),
);

const obstacle = digObstacle();

describe('names, asked with dig', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    names are not asked with dig: ${obstacle}`);
    return;
  }

  for (const way of WAYS) {
    describe(`over ${way.protocol}, resolvers asked ${way.parallel ? 'all at once' : 'in turn'}`, () => {
      const within = (act: (resolving: Resolving) => Promise<void>): (() => Promise<void>) => {
        return async () => {
          await using resolving = await Resolving.start(way);
          await act(resolving);
        };
      };

      it(
        '1: an external host has its address under the asked name, with authority, for 30 s',
        within(async (resolving) => {
          const [reply] = await resolving.dig(['db.example']);

          deepEqual(reply?.answers, ['db.example. 30 IN A 192.0.2.7']);
          ok(reply.flags.includes('aa'));
        }),
      );

      it(
        '2: with the first search domain it is an alias, then its address; with the second it is not known',
        within(async (resolving) => {
          const [answers] = await resolving.answers(`db.example.${SEARCH}`);

          deepEqual(answers, [
            `db.example.${SEARCH}. 30 IN CNAME db.example.`,
            'db.example. 30 IN A 192.0.2.7',
          ]);
          await resolving.expectForwarded('db.example.svc.cluster.local');
        }),
      );

      it(
        "3: an unknown host has the resolver's answer",
        within(async (resolving) => {
          const [reply] = await resolving.dig(['WWW.bing.com']);

          deepEqual(reply?.answers, ['WWW.bing.com. 30 IN A 1.1.1.1']);
          deepEqual(reply.flags, ['qr', 'rd', 'ra']);
          equal(resolving.resolver.queries.length, 1);
        }),
      );

      it(
        '4: a service has its long and short names; the bare one in its own namespace only',
        within(async (resolving) => {
          const names = [`${WEB}.`, 'web.shop.', 'web.shop.svc.', 'web.'];
          const foreign = ['pay.bank.svc.cluster.local.', 'pay.bank.', 'pay.bank.svc.'];

          deepEqual(await resolving.answers(...names, ...foreign), [
            ...names.map((name) => [`${name} 30 IN A 10.96.0.1`]),
            ...foreign.map((name) => [`${name} 30 IN A 10.96.0.2`]),
          ]);
          await resolving.expectForwarded('pay.');
        }),
      );

      it(
        '5: a service of the own namespace is not expanded twice',
        within((resolving) => resolving.expectForwarded(`${WEB}.${SEARCH}`)),
      );

      it(
        '6: name and namespace with the search domain are an alias and an address, and nothing for IPv6',
        within(async (resolving) => {
          const name = `web.shop.${SEARCH}.`;

          const [four, six] = await resolving.dig([name, [name, 'AAAA']]);

          deepEqual(four?.answers, [`${name} 30 IN CNAME web.shop.`, 'web.shop. 30 IN A 10.96.0.1']);
          deepEqual([six?.status, six?.answers], ['NOERROR', []]);
        }),
      );

      it(
        '7: a service of another domain is known by its whole name only',
        within(async (resolving) => {
          deepEqual(await resolving.answers('far.shop.svc.remote'), [
            ['far.shop.svc.remote. 30 IN A 10.96.0.3'],
          ]);
          await resolving.expectForwarded('far.shop.svc', 'far.shop', 'far');
        }),
      );

      it(
        '8: several addresses come all each time, in varying order',
        within(async (resolving) => {
          const all = await resolving.answers(...Array.from({ length: 20 }, () => 'many.example'));

          const orders = new Set(all.map((answers) => answers.join()));
          const expected = MANY.map((address) => `many.example. 30 IN A ${address}`);
          for (const answers of all) deepEqual(answers.toSorted(), expected);
          ok(orders.size > 1);
        }),
      );

      it(
        '9: each family has its own addresses; one that is missing has an empty answer',
        within(async (resolving) => {
          const names = ['dual.example', 'six.example', 'db.example'];
          const questions = names.flatMap((name) => [[name, 'A'] as const, [name, 'AAAA'] as const]);

          const replies = await resolving.dig(questions);

          deepEqual(
            replies.map(({ answers }) => answers),
            [
              ['dual.example. 30 IN A 192.0.2.9'],
              ['dual.example. 30 IN AAAA 2001:db8::9'],
              [],
              ['six.example. 30 IN AAAA 2001:db8::6'],
              ['db.example. 30 IN A 192.0.2.7'],
              [],
            ],
          );
          ok(replies.every(({ status }) => status === 'NOERROR'));
        }),
      );

      it(
        '10: the closest wildcard answers under the asked name, with a search domain behind an alias',
        within(async (resolving) => {
          const searched = `a.wild.example.${SEARCH}.`;

          deepEqual(await resolving.answers('a.b.wild.example', 'a.deep.wild.example', searched), [
            ['a.b.wild.example. 30 IN A 192.0.2.20'],
            ['a.deep.wild.example. 30 IN A 192.0.2.21'],
            [`${searched} 30 IN CNAME *.wild.example.`, '*.wild.example. 30 IN A 192.0.2.20'],
          ]);
          await resolving.expectForwarded('wild.example');
        }),
      );

      it(
        '11: a host that is stored with a final dot answers',
        within(async (resolving) => {
          deepEqual(await resolving.answers('dotted.example'), [['dotted.example. 30 IN A 192.0.2.8']]);
        }),
      );

      it(
        '12: a forwarded answer is never longer than what its asker takes, and whole for one that takes it',
        within(async (resolving) => {
          const [small] = await resolving.dig(['giant.'], ['+noedns']);
          const [large] = await resolving.dig(['giant.'], ['+bufsize=4096']);

          const isCut = way.protocol === 'udp';
          equal(small?.flags.includes('tc'), isCut);
          equal(small?.answers.length === 64, !isCut);
          ok(!isCut || small.sizeBytes <= 512, `${small.sizeBytes} bytes`);
          deepEqual(
            large?.answers,
            GIANT.map((address) => `giant. 30 IN A ${address}`),
          );
          equal(large?.flags.includes('tc'), false);
        }),
      );

      it(
        '13: an answer that the resolver has cut stays as it is',
        within(async (resolving) => {
          const [reply] = await resolving.dig(['giant-tc.']);

          deepEqual(
            reply?.answers,
            CUT.map((address) => `giant-tc. 30 IN A ${address}`),
          );
          ok(reply.flags.includes('tc'));
        }),
      );

      for (const timeoutMs of [100, 200]) {
        it(`14: a resolver that never answers costs ${timeoutMs} ms`, async () => {
          await using resolving = await Resolving.start(way, { timeoutMs }, SILENT);

          const [reply] = await resolving.dig(['www.bing.com']);

          equal(reply?.status, 'SERVFAIL');
          const { tookMs } = reply;
          // the upper end leaves room for a machine that is busy with other things
          ok(tookMs >= 0.9 * timeoutMs && tookMs < timeoutMs + 1000, `${tookMs} ms`);
        });
      }

      it(
        '15: the debug output has the names of a host, and those alone',
        within(async ({ running }) => {
          const { table } = (await readJson(running.server.debugTable())) as { readonly table: object };

          const starting = (prefix: string): string[] =>
            Object.keys(table)
              .filter((name) => name.startsWith(prefix))
              .toSorted();
          deepEqual(starting('web.'), ['web.', 'web.shop.', 'web.shop.svc.', WEB, `${WEB}.`]);
          deepEqual(starting('far.'), ['far.shop.svc.remote', 'far.shop.svc.remote.']);
          deepEqual(starting('dotted.'), ['dotted.example.']);
        }),
      );

      it(
        '18: a host that the next table lacks is forwarded',
        within(async (resolving) => {
          const { 'db.example': gone, ...rest } = TABLE;
          const before = await resolving.answers('db.example');

          await resolving.running.server.setNameTable(packedBytes(rest));

          equal(before[0]?.[0], `db.example. 30 IN A ${gone?.ips?.[0]}`);
          await resolving.expectForwarded('db.example', `db.example.${SEARCH}`);
        }),
      );
    });
  }
});
