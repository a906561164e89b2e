import { deepEqual, match, ok } from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';

const SERVER = join(import.meta.dirname, 'fixtures/metadata-server.ts');
const QUESTION = join(import.meta.dirname, 'fixtures/platform-question.ts');
const LINK_LOCAL = `
ip link set lo up
ip address add 169.254.169.254/32 dev lo
ip -6 address add fd00:ec2::254/128 dev lo nodad
mount --bind /dev/null /etc/resolv.conf
`;

const obstacle = namespaceObstacle();

describe('the question for the cloud, at the addresses of the real servers', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    the addresses of metadata servers are not tested: ${obstacle}`);
    return;
  }

  let cloud: NetworkNamespace;
  let server: ChildProcessWithoutNullStreams;
  before(async () => {
    cloud = await NetworkNamespace.create();
    await cloud.shell(LINK_LOCAL);
    server = cloud.start(process.execPath, [SERVER]);
    await once(server.stdout, 'data');
  });
  after(async () => {
    const ended = once(server, 'exit');
    server.stdin.end();
    await ended;
    await cloud[Symbol.asyncDispose]();
  });

  async function ask(choice: string, address: string) {
    const { stdout, stderr } = await cloud.run(process.execPath, [QUESTION, choice, address]);
    return { answer: JSON.parse(stdout) as unknown, stderr };
  }

  it('finds AWS over IPv6', async () => {
    const { answer } = await ask('aws', 'fd00::7');

    deepEqual(answer, {
      isKubernetes: true,
      metadata: { aws_region: 'eu-west-1', aws_availability_zone: 'eu-west-1b' },
      labels: {},
      locality: { region: 'eu-west-1', zone: 'eu-west-1b' },
    });
  });

  it('detects Google Cloud over IPv4', async () => {
    const { answer, stderr } = await ask('', '10.0.0.7');

    deepEqual(answer, {
      isKubernetes: false,
      metadata: { gcp_project: 'p', gcp_location: 'europe-west1-b' },
      labels: {},
      locality: { region: 'europe-west1', zone: 'europe-west1-b' },
    });
    match(stderr, /platform detected is GCP/);
  });

  it('asks nobody for none, and is done at once', async () => {
    const startMs = performance.now();

    const { answer } = await ask('none', '10.0.0.7');

    deepEqual(answer, { isKubernetes: true, metadata: {}, labels: {}, locality: {} });
    ok(performance.now() - startMs < 5000);
  });
});
