// Run in place of the agent, with the agent's words: becomes the agent in a mount namespace of its own, in which
// ./certs is a file system of 64 kB, full from the start when there is a file ./disk-full.

import { resolve } from 'node:path';

const AGENT = resolve(import.meta.dirname, '../../../../src/cli/agent.ts');
const SCRIPT = `
mkdir -p certs && mount -t tmpfs -o size=64k none certs || exit 1
if [ -e disk-full ]; then cat /dev/zero > certs/filler 2>/dev/null; fi
exec "$@"`;

const words = ['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh', process.execPath, AGENT];
process.execve?.('/usr/bin/unshare', [...words, ...process.argv.slice(2)], process.env);
