// A bootstrap that the agent can render and Envoy cannot load: a template of the user's.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In the folder in which the agent runs. */
export const REFUSED_FILE = './refused.json';

/** ProxyConfig that has it rendered. */
export const REFUSED = { proxyBootstrapTemplatePath: REFUSED_FILE };

const BOOTSTRAP = { static_resources: { clusters: [{ name: 'web', connect_timeout: 'soon' }] } };

/** @param root the folder in which the agent runs */
export function writeRefused(root: string): Promise<void> {
  return writeFile(join(root, REFUSED_FILE), JSON.stringify(BOOTSTRAP));
}
