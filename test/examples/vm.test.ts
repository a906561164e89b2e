// examples/vm: a machine that is started with its files, to a certificate, readiness and the end; its unit and scripts as
// systemd and shellcheck judge them.

import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';
import type { InsideProgram } from '../e2e/support/inside.ts';
import { PodHost } from '../e2e/support/pod-host.ts';
import { judgeOrSkip } from '../support/judge.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { EXAMPLE, Machine } from './vm-machine.ts';

const obstacle = namespaceObstacle(['useradd', 'getent']);

describe('examples/vm', function () {
  this.timeout(60_000);

  it('has scripts in which shellcheck finds nothing', async function () {
    await judgeOrSkip(this, () => findProgram('shellcheck'));

    const scripts = ['istio-start.sh', 'install.sh'].map((name) => join(EXAMPLE, name));
    const { stdout, status } = spawnSync('shellcheck', scripts, { encoding: 'utf8' });

    equal(status, 0, stdout);
  });

  it('has a unit in which systemd finds nothing', async function () {
    await judgeOrSkip(this, () => findProgram('systemd-analyze'));
    await using folder = await temporaryDirectory();
    const unit = join(folder.path, 'istio.service');
    const text = await readFile(join(EXAMPLE, 'istio.service'), 'utf8');
    await writeFile(unit, text.replaceAll('/usr/local/bin', EXAMPLE)); // systemd looks whether it is there

    const { stderr, status } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });

    equal(status, 0, stderr);
    equal(stderr, '');
  });

  it('has a unit that does as that of Istio’s package: always restarts, signals the agent alone, cleans up', async () => {
    const unit = await unitSettings();
    const setting = (name: string): unknown => unit.get(name)?.join(', ');

    equal(setting('ExecStart'), '/usr/local/bin/istio-start.sh');
    equal(setting('ExecStopPost'), '/usr/local/bin/istio-start.sh clean');
    equal(setting('ExecReload'), '/bin/kill -HUP $MAINPID');
    equal(setting('WorkingDirectory'), '/');
    deepEqual(['Restart', 'RestartSec', 'KillMode', 'TimeoutStopSec'].map(setting), [
      'always',
      '10',
      'mixed',
      '30s',
    ]);
    ok(
      unit.get('Environment')?.includes('TERMINATION_GRACE_PERIOD_SECONDS=30'),
      'the agent knows when it is killed',
    );
  });

  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('starts the agent', () => fail(obstacle));
    else console.log(`    the start script is not run: ${obstacle}`);
    return;
  }
  describeMachine();
});

/** What the unit says, by name, in order. */
async function unitSettings(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readFile(join(EXAMPLE, 'istio.service'), 'utf8');
  const lines = Array.from(text.matchAll(/^(\w+)=(.*)$/gm), ([, name = '', value = '']) => ({ name, value }));
  const named = Map.groupBy(lines, ({ name }) => name);
  return new Map([...named].map(([name, all]) => [name, all.map(({ value }) => value)]));
}

async function findProgram(name: string): Promise<void> {
  if (spawnSync(name, ['--version']).error !== undefined) throw new Error(`${name} is not installed`);
}

function describeMachine(): void {
  let opened: AsyncDisposableStack;
  let host: PodHost;
  let machine: Machine;
  let running: InsideProgram;

  before(async () => {
    opened = new AsyncDisposableStack();
    const folder = opened.use(await temporaryDirectory());
    await chmod(folder.path, 0o755); // the proxy's user has to get through
    host = opened.use(await PodHost.start(folder.path, await fetchEnvoy()));
    machine = await Machine.install(folder.path, host.pod);
    const cluster = await readFile(join(EXAMPLE, 'cluster.env'), 'utf8');
    const sidecar = await readFile(join(EXAMPLE, 'sidecar.env'), 'utf8');
    await layOutSecrets(machine, host);
    running = await machine.start({
      sidecarEnv: `${sidecar}TERMINATION_DRAIN_DURATION_SECONDS=1\n`,
      // The control plane of these tests has no names to tell.
      clusterEnv: cluster.replace("ISTIO_META_DNS_CAPTURE='true'", "ISTIO_META_DNS_CAPTURE='false'"),
    });
    opened.use(running);
  });

  after(() => opened.disposeAsync());

  const logged = (): Promise<string> => readFile(machine.path('var/log/istio/istio.log'), 'utf8');

  it('gets ready with the files of this example', async () => {
    await running.until(async () => (await logged()).includes('is live after'), 40_000);
    await running.until(async () => (await host.status(15_021, '/healthz/ready')) === 200);

    const log = await logged();
    match(log, /id=sidecar~10\.77\.0\.2~\S+\.shop~shop\.svc\.cluster\.local/);
    match(log, /warn\tTRUST_DOMAIN is set but empty, using cluster\.local/);
  });

  it('shows its identity to those whose connections the rules capture', async () => {
    equal(await host.identityAt(8080), 'URI:spiffe://cluster.local/ns/shop/sa/web');
  });

  it('leaves its certificate to the next start', async () => {
    const { uid, mode } = await stat(machine.path('etc/certs/key.pem'));

    const owner = Number(await machine.place.shell('id -u istio-proxy'));
    deepEqual([uid, mode & 0o777], [owner, 0o600]);
  });

  it('is the process that systemd signals: SIGHUP restarts Envoy, SIGTERM ends both', async () => {
    running.signal('SIGHUP');
    await running.until(async () => (await logged()).includes('Envoy epoch 1 (generation 1) is live'));

    running.signal('SIGTERM');

    deepEqual(await running.exited, { code: 0, signal: null });
    equal(await host.status(15_021, '/healthz/ready'), NaN, 'Envoy is left running');
  });

  it('leaves no rules after "istio-start.sh clean"', async () => {
    const rules = (): Promise<string> => machine.place.shell('iptables-nft-save -t nat');
    match(await rules(), /:ISTIO_OUTPUT/);

    const env = { ISTIO_BIN_BASE: machine.path('usr/local/bin') };
    const { code, stderr } = await machine.shell(['clean'], { env });

    equal(code, 0, stderr);
    ok(!(await rules()).includes('ISTIO'));
  });
}

/** What the files of `istioctl x workload entry configure` are, beside cluster.env, and what the unit makes for them. */
async function layOutSecrets(machine: Machine, host: PodHost): Promise<void> {
  const [prepare = ''] = (await unitSettings()).get('ExecStartPre') ?? [];
  const secrets = machine.path('var/run/secrets');
  await machine.place.shell(prepare.replace('/var/run/secrets', secrets));
  await mkdir(join(secrets, 'tokens'));
  await writeFile(machine.path('etc/certs/root-cert.pem'), await readFile(host.rootCertificate));
  await writeFile(join(secrets, 'tokens/istio-token'), await host.token('shop', 'web'));
  await machine.place.shell(
    `chown istio-proxy ${secrets}/tokens/istio-token && chmod 0400 ${secrets}/tokens/istio-token`,
  );
}
