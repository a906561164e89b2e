// Run in place of the agent, with the agent's words: becomes the agent in a mount namespace of its own, in which names
// are asked of a server that never answers. It reads ./resolv.conf.

import { resolve } from 'node:path';

const AGENT = resolve(import.meta.dirname, '../../../../src/cli/agent.ts');
const SCRIPT = 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"';

const words = ['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh', process.execPath, AGENT];
process.execve?.('/usr/bin/unshare', [...words, ...process.argv.slice(2)], process.env);
