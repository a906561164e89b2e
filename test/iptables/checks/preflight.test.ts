import assert from 'node:assert/strict';

import type { Finding } from '../../../iptables/checks/finding.ts';
import { preflight } from '../../../iptables/checks/preflight.ts';
import { prepareJob } from '../../../iptables/job.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podRequest } from '../settings-example.ts';

const ROOT = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
const UNPRIVILEGED = 'CapEff:\t0000000000000000\n';

/** What is reported, and the error it ends with. */
async function report(
  kernel: FakeKernel,
  changes: Partial<CaptureRequest> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const printed: string[] = [];
  const { log } = recordingLog();
  const host = {
    addresses: async () => ['10.1.2.3', 'fd00::7'],
    interfaces: async () => new Set<string>(),
    readText: async (path: string) => ({ '/proc/self/status': ROOT, ...files })[path] ?? '',
    uid: () => 0,
  };
  const print = (line: string): void => void printed.push(line);
  const deps = { run: kernel.run, clock: new FakeClock(), log, host, env: {}, print };
  const job = await prepareJob(deps, podRequest({ preflight: 'text', ...changes }));
  const error = await preflight(deps, job, AbortSignal.any([])).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  return { printed, error };
}

function states(printed: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(printed.map((line) => [line.slice(6, 19).trim(), line.slice(0, 5).trim()]));
}

describe('preflight', () => {
  it('finds nothing amiss where a run would succeed, and leaves nothing behind', async () => {
    const kernel = new FakeKernel();

    const { printed, error } = await report(kernel, { dualStack: true });

    assert.equal(error, undefined);
    assert.deepEqual(states(printed), {
      NET_ADMIN: 'ok',
      NET_RAW: 'ok',
      variant: 'ok',
      IPv6: 'ok',
      'owner match': 'ok',
      modules: 'ok',
      lock: 'ok',
    });
    assert.doesNotMatch(kernel.saved() + kernel.saved('ip6tables-nft'), /ISTIO|-A/);
  });

  it('warns of an IPv6 address that would not be captured', async () => {
    const { printed, error } = await report(new FakeKernel());

    assert.equal(error, undefined);
    assert.equal(states(printed)['IPv6'], 'warn');
  });

  it('fails where IPv6 is to be captured and is off on lo', async () => {
    const files = { '/proc/sys/net/ipv6/conf/lo/disable_ipv6': '1\n' };

    const { printed, error } = await report(new FakeKernel(), { dualStack: true }, files);

    assert.match(printed.join('\n'), /^fail {2}IPv6 .*disable_ipv6 is 1; .*\[IPT-NO-IPV6\]$/m);
    assert.match(String(error), /not ready for capture: IPv6/);
  });

  it('warns of rules that are in both variants', async () => {
    const kernel = new FakeKernel(['iptables-nft', 'iptables-legacy', 'ip6tables-nft']);
    for (const program of ['iptables-nft', 'iptables-legacy']) {
      kernel.change('-t nat -N ISTIO_OUTPUT', program);
    }

    const { printed, error } = await report(kernel);

    assert.equal(error, undefined);
    assert.match(
      printed.join('\n'),
      /^warn {2}variant .*but rules of an earlier run are also in iptables-nft/m,
    );
  });

  it('names the match that is missing', async () => {
    const kernel = new FakeKernel();
    kernel.intercept = ({ file, input }) =>
      file.endsWith('-restore') && input?.includes('-m owner') === true
        ? { code: 2, stdout: '', stderr: "Couldn't load match `owner':No such file or directory" }
        : undefined;

    const { printed, error } = await report(kernel);

    assert.deepEqual([states(printed)['owner match'], states(printed)['modules']], ['fail', 'fail']);
    assert.match(printed.join('\n'), /^fail {2}modules {6}owner: [^;]*; load nf_nat.*\[IPT-NO-MODULE\]$/m);
    assert.match(error?.message ?? '', /^not ready for capture: owner match, modules$/);
    assert.doesNotMatch(kernel.saved(), /ISTIO/);
  });

  it('says what is missing without tools and rights, and does not stop at the first', async () => {
    const { printed, error } = await report(new FakeKernel([]), {}, { '/proc/self/status': UNPRIVILEGED });

    const { NET_ADMIN, NET_RAW, variant, modules } = states(printed);
    assert.deepEqual(
      { NET_ADMIN, NET_RAW, variant, modules },
      {
        NET_ADMIN: 'fail',
        NET_RAW: 'warn',
        variant: 'fail',
        modules: 'warn',
      },
    );
    assert.match(error?.message ?? '', /NET_ADMIN, variant/);
  });

  it('reports the same as JSON', async () => {
    const { printed } = await report(new FakeKernel(), { preflight: 'json' });

    const findings = JSON.parse(printed.join('\n')) as readonly Finding[];
    assert.deepEqual(findings[0], { name: 'NET_ADMIN', state: 'ok', found: 'held' });
    assert.equal(findings.length, 7);
  });
});
