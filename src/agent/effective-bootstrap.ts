// From configuration and what the host says to the bootstrap one Envoy is started with: config -> node -> bootstrap.
// It opens nothing and writes nothing, so the offline commands show exactly what the agent would start Envoy with.

import { bootstrapSource, renderedExtension } from '../bootstrap/bootstrap-source.ts';
import { renderBootstrap, type BootstrapDocument } from '../bootstrap/bootstrap.ts';
import { checkCustomConfig } from '../bootstrap/template.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { buildNode } from '../node/node.ts';
import type { Warn } from '../node/raw-metadata.ts';
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

/**
 * @param generation of the Envoy it is for, from 0; counts only with hot restart
 * @param warn is told what is ignored
 * @throws ConfigError for configuration that no Envoy could be started with
 */
export async function effectiveBootstrap(
  config: AgentConfig,
  facts: NodeFacts,
  generation: number,
  warn: Warn,
): Promise<EffectiveBootstrap> {
  const { proxyConfig, supervision, env } = config;
  const source = bootstrapSource({
    customConfigFile: proxyConfig.customConfigFile,
    proxyBootstrapTemplatePath: proxyConfig.templatePath,
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
    generation: supervision.hotRestart ? generation : 0,
  };
  const document = await renderBootstrap(input, warn, source);
  return { kind: 'rendered', document, extension: renderedExtension(source) };
}
