// Writes the reference tables of README.md anew. Run by `npm run docs` after a row has changed, never by the agent.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { withReference } from './reference.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));

writeFileSync(README, withReference(readFileSync(README, 'utf8')));
