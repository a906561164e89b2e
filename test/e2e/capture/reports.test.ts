import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import { savedIptables } from '../../../iptables/model/rule-set.ts';
import { compareRules } from '../../../iptables/report/compare.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { anySettings } from '../../iptables/any-settings.ts';
import { NetworkNamespace, namespaceObstacle } from '../../iptables/network-namespace.ts';
import { podSettings } from '../../iptables/settings-example.ts';
import { type Backend, type PodRun, runInPod } from './pod-run.ts';

const BACKENDS: readonly Backend[] = ['nft', 'legacy', 'native'];
const DIFF: Partial<CaptureRequest> = { report: { kind: 'diff', form: 'text' } };
const PLAN: Partial<CaptureRequest> = { report: { kind: 'plan', form: 'json' } };
/** Random configurations per place of rules. */
const RUNS = 5;

/** Calls that only read. */
const READS = /-save$|-save --version$|^nft -s list ruleset$|^ip (?:\S+ )+show\b/;

interface PlanData {
  readonly outcome: string;
  readonly sides: readonly { readonly add: readonly string[]; readonly remove: readonly string[] }[];
}

function planOf({ printed }: PodRun): PlanData {
  return JSON.parse(printed.join('\n')) as PlanData;
}

const obstacle = namespaceObstacle(['iptables-legacy', 'nft']);

describe('reports on the rules of a kernel', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    reports are not tried on a real kernel: ${obstacle}`);
    return;
  }

  for (const backend of BACKENDS) {
    describe(`with ${backend} rules`, () => {
      let namespace: NetworkNamespace;
      const run = (settings: CaptureSettings, changes?: Partial<CaptureRequest>): Promise<PodRun> =>
        runInPod(namespace, backend, settings, changes);

      before(async () => {
        namespace = await NetworkNamespace.create();
        await namespace.shell('ip link set lo up');
      });

      after(() => namespace[Symbol.asyncDispose]());

      it('--diff finds random rules the same once they are set, commented or not, and only reads', async () => {
        const property = fc.asyncProperty(anySettings, fc.boolean(), async (settings, comments) => {
          assert.equal((await run(settings, { comments })).error, undefined);

          const { error, printed, calls } = await run(settings, DIFF);
          const planned = await run(settings, PLAN);
          await run(settings, { cleanup: 'only' });
          const left = await run(settings, { ...DIFF, cleanup: 'only' });

          assert.equal(error, undefined, printed.join('\n'));
          assert.deepEqual(
            [...calls, ...planned.calls].filter((call) => !READS.test(call)),
            [],
          );
          assert.equal(planOf(planned).outcome, 'changes nothing');
          assert.equal(left.error, undefined, left.printed.join('\n'));
        });

        await fc.assert(property, { numRuns: RUNS });
      });

      it('a run with comments is found equal by one without, and the other way round', async () => {
        const settings = podSettings({ inboundInterceptionMode: 'TPROXY', excludeInterfaces: 'net7' });
        const writes = ({ calls, error }: PodRun): readonly string[] => {
          assert.equal(error, undefined);
          return calls.filter((call) => /restore| -[AID] (?!INPUT -p 255)|^ip .* add/.test(call));
        };

        for (const comments of [true, false]) {
          await run(settings, { comments });
          const again = await run(settings, { comments });
          const other = await run(settings, { comments: !comments });
          await run(settings, { comments: !comments, cleanup: 'only' });
          const left = await run(settings, { ...DIFF, cleanup: 'only' });

          if (backend !== 'native') {
            assert.deepEqual(
              writes(again).filter((call) => !call.startsWith('ip ')),
              [],
            );
            assert.deepEqual(
              writes(other).filter((call) => !call.startsWith('ip ')),
              [],
            );
          }
          assert.equal(left.error, undefined, left.printed.join('\n'));
        }
      });

      it('--comments writes what each rule is for', async () => {
        await run(podSettings(), { comments: true });
        const program = backend === 'native' ? 'nft list ruleset' : `iptables-${backend}-save`;
        const rules = (await namespace.shell(program)).split('\n').filter((line) => /counter|^-A/.test(line));
        await run(podSettings(), { cleanup: 'only' });

        assert.ok(rules.length > 10);
        assert.ok(
          rules.every((rule) => /comment "?sidecar-agent\/\w/.test(rule)),
          rules.join('\n'),
        );
      });
    });
  }

  for (const backend of ['nft', 'legacy'] as const) {
    it(`--plan foretells what a run with --reconcile does to random ${backend} rules`, async () => {
      await using namespace = await NetworkNamespace.create();
      await namespace.shell('ip link set lo up');
      const dump = (): Promise<string> => namespace.shell(`iptables-${backend}-save`);
      const property = fc.asyncProperty(anySettings, anySettings, async (first, second) => {
        await runInPod(namespace, backend, first);
        const before = await dump();

        const plan = planOf(await runInPod(namespace, backend, second, { ...PLAN, reconcile: true }));
        const { error } = await runInPod(namespace, backend, second, { reconcile: true });

        assert.equal(error, undefined);
        const chains = compareRules(savedIptables(await dump()), savedIptables(before), () => true);
        const rules = (state: string): number =>
          chains.flatMap((chain) => chain.rules).filter((rule) => rule.state === state).length;
        assert.deepEqual(
          [plan.sides[0]?.add.length, plan.sides[0]?.remove.length],
          [rules('missing'), rules('unwanted')],
        );
        await runInPod(namespace, backend, second, { cleanup: 'all' });
      });

      await fc.assert(property, { numRuns: RUNS });
    });
  }

  it('--diff tells a strange rule in an own chain, and another order, from a rule of others', async () => {
    await using namespace = await NetworkNamespace.create();
    await namespace.shell('ip link set lo up');
    const settings = podSettings();
    const diff = (): Promise<PodRun> => runInPod(namespace, 'nft', settings, DIFF);
    await runInPod(namespace, 'nft', settings);

    await namespace.shell('iptables-nft -t nat -I OUTPUT -p udp --dport 4 -j RETURN');
    const foreign = await diff();
    await namespace.shell('iptables-nft -t nat -A ISTIO_INBOUND -p tcp --dport 4 -j RETURN');
    const strange = await diff();
    await namespace.shell(
      'iptables-nft -t nat -D ISTIO_INBOUND -p tcp --dport 4 -j RETURN;' +
        'iptables-nft -t nat -D ISTIO_INBOUND -p tcp --dport 15008 -j RETURN;' +
        'iptables-nft -t nat -A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN',
    );
    const moved = await diff();

    assert.equal(foreign.error, undefined);
    assert.equal(strange.error?.id, 'IPT-DRIFT');
    assert.match(strange.printed.join('\n'), /^-.*--dport 4 /m);
    assert.equal(moved.error?.id, 'IPT-DRIFT');
    assert.match(moved.printed.join('\n'), /^\+.*15008.*another place$/m);
    assert.match(moved.printed.join('\n'), /^-.*15008.*another place$/m);
  });
});
