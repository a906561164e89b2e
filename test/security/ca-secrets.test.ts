// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';

import { aborted } from '../../src/runtime/tasks.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { signRequest } from './authority.ts';
import { joined, managedWorld } from './managed.ts';
import { turns, until } from './progress.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const never = new AbortController().signal;

describe('secrets of the CA', () => {
  const world = managedWorld();
  const { make } = world;

  it('20: are a chain of all elements whose leaf fits the key, and the last element as ROOTCA', async () => {
    const { workload, anchors, ca, manager } = make();

    const item = await workload();
    const root = await anchors();
    const again = await workload();

    const leaf = new X509Certificate(item.certificateChainPem);
    assert.ok(leaf.checkPrivateKey(createPrivateKey(item.privateKeyPem)));
    assert.equal(leaf.subjectAltName, 'URI:spiffe://test.example/ns/shop/sa/cart');
    assert.match(item.privateKeyPem, /^-----BEGIN EC PRIVATE KEY-----/);
    assert.equal(item.certificateChainPem, leaf.toString() + world.first.rootPem);
    assert.equal(root, world.first.rootPem.trimEnd());
    assert.deepEqual(again, item);
    assert.equal(ca.requests, 1);
    assert.ok((manager.facts().notAfterMs ?? 0) - world.clock.now() <= HOUR_MS);
  });

  it('21: are made by one request for 50 who ask at once', async () => {
    const { manager, ca } = make();

    await Promise.all(
      Array.from({ length: 50 }, (_, i) => manager.get(i % 2 === 0 ? 'default' : 'ROOTCA', never)),
    );

    assert.equal(ca.requests, 1);
  });

  it('22: tell of ROOTCA at the first default, and of default at each rotation', async () => {
    world.clock = new FakeClock(Date.UTC(2026, 0, 1) + 800); // certificates end at whole seconds
    const test = make();
    test.ca.lifetimeMs = 200;
    await test.run();

    await test.workload();
    await test.rotated(100);
    assert.deepEqual(test.counts(), { ROOTCA: 1, default: 1 });
    test.ca.lifetimeMs = HOUR_MS;
    await test.workload();
    await test.rotated(100);

    assert.deepEqual(test.counts(), { ROOTCA: 1, default: 2 });
  });

  it('25: have each element of the chain on lines of its own, with the last one as it came', async () => {
    const { workload, ca } = make();
    const sign = ca.answer;
    ca.answer = async (csr, signal) => (await sign(csr, signal)).map((element) => element.trimEnd());

    const { certificateChainPem } = await workload();

    assert.equal(certificateChainPem.match(/-----BEGIN/g)?.length, 2);
    assert.ok(certificateChainPem.includes('-----END CERTIFICATE-----\n-----BEGIN'));
    assert.ok(certificateChainPem.endsWith('-----END CERTIFICATE-----'));
  });

  it('let one who stops waiting go without ending the request', async () => {
    const { manager, workload, ca } = make();
    const impatient = new AbortController();

    const asked = manager.get('default', impatient.signal);
    impatient.abort(new Error('gone'));

    await assert.rejects(asked, { message: 'gone' });
    await workload();
    assert.equal(ca.requests, 1);
  });

  it('say why there are none, and are asked for again the next time', async () => {
    const { workload, ca } = make();
    ca.down = 'create certificate: refused';

    await assert.rejects(workload(), {
      message: 'failed to generate workload certificate: create certificate: refused',
    });
    ca.down = undefined;

    await workload();
  });

  it('have a key in PKCS#8 when told so', async () => {
    const { workload } = make({ pkcs8Key: true });

    assert.match((await workload()).privateKeyPem, /^-----BEGIN PRIVATE KEY-----/);
  });

  it('tell once that others waited long for a request, and not when it gave nothing', async () => {
    const { manager, ca, recorded } = make();
    const sign = ca.answer;
    ca.answer = async (csr, signal) => {
      await world.clock.sleep(1500, signal);
      return sign(csr, signal);
    };
    const ask = async (): Promise<void> => {
      const asked = ['default', 'ROOTCA', 'ROOTCA'].map((name) => manager.get(name, never));
      await until(() => world.clock.sleepers === 1);
      await world.clock.tick(1500);
      await Promise.allSettled(asked);
    };

    ca.down = 'down';
    await ask();
    ca.down = undefined;
    await ask();

    assert.deepEqual(recorded.messages('warn'), ['slow generate secret lock: 1.5s']);
  });

  it('are told of in the log, with the life of what was signed and what is left of it', async () => {
    const { workload, anchors, recorded } = make();

    await workload();
    await world.clock.tick(MINUTE_MS);
    await workload();
    await anchors();

    const told = recorded.records.filter(({ level }) => level === 'info');
    assert.deepEqual(
      told.map(({ message, fields }) => [message, fields.ttl]),
      [
        ['generated new workload certificate', '1h0m0s'],
        ['returned workload certificate from cache', '59m0s'],
        ['returned workload trust anchor from cache', '59m0s'],
      ],
    );
    assert.equal(told[0]?.fields.resourceName, 'default');
  });

  it('exist before anyone asks, and those who were turned away are told', async () => {
    const test = make();
    test.ca.down = 'create certificate: down';
    await test.run();
    await assert.rejects(test.workload());
    await assert.rejects(test.anchors());

    await world.clock.tick(10_000);
    test.ca.down = undefined;
    await world.clock.tick(MINUTE_MS);
    await until(() => test.changes.length === 2);

    assert.deepEqual(test.changes, ['ROOTCA', 'default']);
    assert.deepEqual(test.recorded.messages('warn'), [
      'failed to warm certificate: failed to generate workload certificate: create certificate: down',
    ]);
  });

  describe('with anchors from elsewhere', () => {
    it('26: serve them beside the root, each once, tell both names, and sign anew', async () => {
      const test = make();
      await test.anchors();
      test.changes.length = 0;

      test.manager.setExtraAnchors([world.second.rootPem]);
      await until(() => test.changes.length === 2);
      assert.deepEqual(test.counts(), { ROOTCA: 1, default: 1 });
      assert.equal(await test.anchors(), joined(world.first, world.second));
      test.manager.setExtraAnchors([`${world.second.rootPem}${world.first.rootPem}`]);
      await until(() => test.changes.length === 4);
      assert.equal(await test.anchors(), joined(world.first, world.second));
      test.manager.setExtraAnchors([world.first.rootPem, world.second.rootPem]);
      await turns();

      assert.deepEqual(test.counts(), { ROOTCA: 2, default: 2 });
      assert.equal(test.ca.requests, 3);
    });

    it('26: lose them with an empty list', async () => {
      const test = make();
      test.manager.setExtraAnchors([world.second.rootPem]);
      assert.equal(await test.anchors(), joined(world.first, world.second));

      test.manager.setExtraAnchors([]);

      assert.equal(await test.anchors(), joined(world.first));
    });

    it('27: do nothing at the time of the rotation that was due before', async () => {
      const test = make();
      await test.run();
      await world.clock.tick(10 * MINUTE_MS);
      test.manager.setExtraAnchors([world.second.rootPem]);
      await until(() => test.changes.includes('default'));

      await world.clock.tick(20 * MINUTE_MS);
      await turns();
      assert.equal(test.counts().default, 1);
      await test.rotated(10 * MINUTE_MS);

      assert.equal(test.counts().default, 2);
    });

    it('keep the certificate when no new one can be signed for them', async () => {
      const test = make();
      const before = await test.workload();
      test.ca.down = 'create certificate: down';

      test.manager.setExtraAnchors([world.second.rootPem]);
      await until(() => test.recorded.messages('warn').length > 0);

      assert.deepEqual(await test.workload(), before);
      assert.equal(await test.anchors(), joined(world.first, world.second));
      assert.match(
        test.recorded.messages('warn')[0] ?? '',
        /^failed to renew the certificate for new trust anchors: /,
      );
    });
  });

  it('end a request under way when they are closed, twice if need be', async () => {
    const { manager, ca } = make();
    ca.answer = async (_csr, signal) => {
      await aborted(signal);
      throw signal.reason;
    };
    const asked = manager.get('default', never);
    asked.catch(() => undefined);

    await manager.close();
    await manager.close();

    await assert.rejects(asked, /the secret manager is closed/);
  });

  it('never show the key in what is told or logged', async () => {
    const { manager, workload, recorded, ca } = make();
    const { privateKeyPem } = await workload();
    ca.answer = async (csr) => [
      ...(await signRequest(world.second, csr, HOUR_MS, world.clock)).slice(0, 1),
      world.first.rootPem,
    ];

    await assert.rejects(manager.rotateNow(), /does not lead to its root/);

    const body = privateKeyPem.split('\n')[1] ?? '';
    const told = JSON.stringify([manager.facts(), recorded.records]);
    assert.ok(!told.includes('PRIVATE KEY') && !told.includes(body));
  });
});
