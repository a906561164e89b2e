// From configuration and what the host says to the bootstrap one Envoy is started with: config -> node -> bootstrap.
// It opens nothing and writes nothing, so the offline commands show exactly what the agent would start Envoy with.

import { bootstrapSource, renderedExtension } from '../bootstrap/bootstrap-source.ts';
import { renderBootstrap, type BootstrapDocument } from '../bootstrap/bootstrap.ts';
import { istioExtensions, withoutExtensions, type EnvoyExtension } from '../bootstrap/envoy-extensions.ts';
import { checkCustomConfig } from '../bootstrap/template.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { buildNode } from '../node/node.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { findXdsRoot } from '../security/upstream/roots.ts';
import { nodeInput, type NodeFacts } from './node-facts.ts';

export type EffectiveBootstrap =
  /** A file of the user's, handed to Envoy as it is. */
  | { readonly kind: 'custom'; readonly path: string }
  | {
      readonly kind: 'rendered';
      readonly document: BootstrapDocument;
      /** Envoy picks its parser by it. */
      readonly extension: 'json' | 'yaml';
    };

/** Asks Envoy which of these it lacks; gives their names. */
export type FindLacking = (extensions: readonly EnvoyExtension[]) => Promise<readonly string[]>;

/** Without anybody to ask, Envoy is taken for Istio's. */
const NOBODY_TO_ASK: FindLacking = async () => [];

/**
 * @param warn is told what is ignored
 * @param findLacking is asked only when ENVOY_FLAVOR does not say, and the document has an extension of Istio's
 * @throws ConfigError for configuration that no Envoy could be started with
 */
export async function effectiveBootstrap(
  config: AgentConfig,
  facts: NodeFacts,
  warn: Warn,
  findLacking: FindLacking = NOBODY_TO_ASK,
): Promise<EffectiveBootstrap> {
  const { proxyConfig, env } = config;
  const source = bootstrapSource({
    customConfigFile: proxyConfig.customConfigFile,
    templatePath: proxyConfig.templatePath,
    istioBootstrap: env.bootstrapTemplate,
  });
  const node = buildNode(nodeInput(config, facts), warn); // its errors count with a custom file too
  if (source.kind === 'custom') {
    await checkCustomConfig(source.path);
    return source;
  }
  const input = {
    node,
    proxyConfig: proxyConfig.json,
    hostIp: config.pod.hostIp,
    compliancePolicy: config.controlPlane.compliancePolicy,
    logAsJson: config.flags.logAsJson,
    features: env,
    workloadSocketPath: facts.workloadSocketPath ?? config.identity.socketPath,
    ...(source.kind === 'template' && { xdsRootCert: await xdsRootFile(config) }),
  };
  const rendered = await renderBootstrap(input, warn, source);
  const document = await loadable(rendered, env.envoyFlavor, findLacking, warn);
  return { kind: 'rendered', document, extension: renderedExtension(source) };
}

/** For users' templates; empty when there is no file. That one is needed and missing is told by whoever dials. */
async function xdsRootFile({ controlPlane }: AgentConfig): Promise<string> {
  try {
    const root = await findXdsRoot(controlPlane);
    return root.kind === 'file' ? root.name : '';
  } catch {
    return '';
  }
}

/** Without the extensions that Envoy lacks: it would refuse the whole document. */
async function loadable(
  rendered: BootstrapDocument,
  flavor: AgentConfig['env']['envoyFlavor'],
  findLacking: FindLacking,
  warn: Warn,
): Promise<BootstrapDocument> {
  const wanted = istioExtensions(rendered);
  if (wanted.length === 0 || flavor === 'istio-proxy') return rendered;
  const lacking = flavor === 'upstream' ? wanted.map(({ name }) => name) : await findLacking(wanted);
  const { document, leftOut } = withoutExtensions(rendered, lacking);
  if (leftOut.length > 0) warn(`${LEFT_OUT} ${leftOut.join(', ')}; ${REMEDY}`);
  return document;
}

const LEFT_OUT = 'left out of the bootstrap, since this Envoy lacks it:';
const REMEDY = "run Istio's Envoy, or do without metadata discovery (PEER_METADATA_DISCOVERY) and Lightstep";
