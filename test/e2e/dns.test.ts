import { deepEqual, equal, match } from 'node:assert/strict';

import { AgentFolder } from '../agent/support/running-agent.ts';
import { namespaceObstacle, type NetworkNamespace } from '../iptables/network-namespace.ts';
import { AGENT, CapturedPod, POD_IP } from './support/dns/captured-pod.ts';
import type { InsideProgram } from './support/inside.ts';

const obstacle = namespaceObstacle();

describe('DNS of a captured pod', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    DNS of a pod is not tested with real packets: ${obstacle}`);
    return;
  }

  it("goes through the agent to the resolver of resolv.conf, and the agent's own is not captured", async () => {
    await using captured = await CapturedPod.start('options timeout:5 attempts:1');
    const { pod } = captured;
    const folder = await AgentFolder.lay(captured.path);
    await using agent = await startAgent(captured, folder);
    const page = (path: string, host = '127.0.0.1'): string => `http://${host}:${folder.statusPort}${path}`;

    const known = await pod.run('getent', ['ahostsv4', 'www.example.org']);
    const unknown = await pod.run('getent', ['ahostsv4', 'none.example.org']);
    const overTcp = await pod.run('env', ['RES_OPTIONS=use-vc', 'getent', 'ahostsv4', 'www.example.org']);
    const metrics = await fetchIn(pod, page('/stats/prometheus'));
    const inside = await fetchIn(pod, page('/debug/ndsz'));
    const report = await fetchIn(pod, page('/debug/ndsz?host=www.example.org'));
    const outside = await fetchIn(captured.host, page('/debug/ndsz', POD_IP));

    match(known.stdout, /^192\.0\.2\.80 /);
    match(overTcp.stdout, /^192\.0\.2\.80 /);
    deepEqual([unknown.stdout, unknown.code], ['', 2]);
    deepEqual(captured.queries, [
      'udp www.example.org. A',
      'udp none.example.org. A',
      'tcp www.example.org. A',
    ]);
    match(metrics, /^istio_agent_dns_requests_total 3$/m);
    match(metrics, /^istio_agent_dns_upstream_requests_total 3$/m);
    match(metrics, /^istio_agent_dns_upstream_request_duration_seconds_count 3$/m);
    // case 16: no table, and somebody else
    equal(inside, '404 {}');
    equal(outside, '403 Only requests from localhost are allowed');
    match(report, /^200 \{"name":"www\.example\.org\.",.*no name table has come from the control plane yet/);
    match(report, /"forwardedTo":\[\{"address":"10\.77\.0\.1:53"/);
    match(agent.output, /udp www\.example\.org\. A: NOERROR, 1 answers, of a resolver, \d/);
  });
});

async function startAgent(captured: CapturedPod, folder: AgentFolder): Promise<InsideProgram> {
  const environment = folder.environment({
    ISTIO_META_DNS_CAPTURE: 'true',
    DNS_RESPOND_BEFORE_SYNC: 'true', // there is no control plane that could bring a table
    POD_NAMESPACE: 'shop',
  });
  const words = [AGENT, 'proxy', 'sidecar', '--log_output_level=dns:debug'];
  const agent = await captured.startProxy(words, environment);
  await agent.until(() => agent.output.includes('is live after'));
  return agent;
}

/** Status and body. */
async function fetchIn(place: NetworkNamespace, url: string): Promise<string> {
  const program =
    'fetch(process.argv[1]).then(async (page) => console.log(page.status, (await page.text()).trim()))';
  const { stdout, stderr } = await place.run(process.execPath, ['-e', program, url]);
  return stdout.trim() || stderr;
}
