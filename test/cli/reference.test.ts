import { equal, match, throws } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withReference } from '../../src/cli/reference.ts';

const README = join(import.meta.dirname, '../../README.md');
const EMPTY = ['variables', 'without effect']
  .map((name) => `<!-- ${name}: begin -->\n<!-- ${name}: end -->\n`)
  .join('');

describe('withReference', () => {
  it('finds README.md as the rows have it', async () => {
    const readme = await readFile(README, 'utf8');

    equal(withReference(readme), readme, 'run `npm run docs`');
  });

  it('has default and meaning of each variable, in groups', () => {
    const text = withReference(EMPTY);

    match(text, /<summary>Identity and certificates<\/summary>\n\n\| Variable \| Default \| Meaning \|\n/);
    match(text, /\n\| `SECRET_TTL` \| `24h0m0s` \| [^|]+ \|\n/);
    match(text, /\n\| `POD_NAME` \| empty \| /);
    match(text, /\n\| `PEER_METADATA_DISCOVERY` \| unset \| /);
    match(text, /\n\| `INBOUND_CAPTURE_PORT` \| `15006` \| --inbound-capture-port: /);
  });

  it('has a reason for each setting without effect, and no other table has it', () => {
    const text = withReference(EMPTY);

    match(text, /\n\| flag `--vklog` \| [^|]+ \|\n/);
    match(text, /\n\| variable `GOMAXPROCS` \| [^|]+ \|\n/);
    match(text, /\n\| ProxyConfig `image` \| [^|]+ \|\n/);
    equal(text.split('`GOMAXPROCS`').length, 2);
  });

  it('keeps what stands around the markers, and wants them', () => {
    match(withReference(`before\n${EMPTY}after\n`), /^before\n<!-- variables: begin -->\n[^]+\nafter\n$/);
    throws(() => withReference('nothing'), /no markers <!-- variables: begin -->/);
  });
});
