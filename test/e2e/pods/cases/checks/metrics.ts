// What Prometheus gets from a pod: one page with the figures of Envoy, of the agent and of the application.

import { type Check, expect } from '../check.ts';
import { proxyOf, variable } from '../pod-facts.ts';

interface ScrapeAnnotations {
  readonly port?: string;
  readonly targets?: readonly { readonly port: string }[];
}

/** The page has Envoy's and the agent's own figures, and one of every port the pod's annotations asked to scrape. */
export const mergesMetrics: Check = async ({ pod, node }) => {
  const page = await metricsPage(node, pod.ip);
  const annotations = JSON.parse(
    variable(proxyOf(pod.spec), 'ISTIO_PROMETHEUS_ANNOTATIONS') ?? '{}',
  ) as ScrapeAnnotations;
  const ports = annotations.targets?.map(({ port }) => port) ?? [annotations.port ?? ''];
  for (const port of ports)
    expect(page.includes(`application_requests_total{port="${port}"}`), `nothing of port ${port} is there`);
  return `application's ports ${ports.join(', ')}`;
};

/** The page of a pod without metrics of its application. */
export const showsItsMetrics: Check = async ({ pod, node }) => {
  const page = await metricsPage(node, pod.ip);
  return `${page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length} lines`;
};

async function metricsPage(node: Parameters<Check>[0]['node'], ip: string): Promise<string> {
  const { status, body } = await node.get(`http://${ip}:15020/stats/prometheus`);
  expect(status === 200, `the page was answered with ${status}`);
  for (const name of ['envoy_server_live', 'istio_agent_'])
    expect(new RegExp(`^${name}`, 'm').test(body), `nothing named ${name}… is there`);
  return body;
}
