import assert from 'node:assert/strict';

import { RouteCopy } from '../../../iptables/report/route-copy.ts';
import type { ToolResult } from '../../../iptables/tools/run-tool.ts';

const ADDRESS = '-6 addr add ::6/128 dev lo';
const ROUTE = '-4 route add local default dev lo table 133 scope host';

/** @param shown what ip prints, by its words; of anything else it knows nothing */
function copyOf(shown: Readonly<Record<string, string>> = {}) {
  const asked: string[] = [];
  const copy = new RouteCopy(async ({ args }) => {
    asked.push(args.join(' '));
    const stdout = shown[args.join(' ')];
    return { code: stdout === undefined ? 2 : 0, stdout: stdout ?? '', stderr: '' };
  });
  const ip = (words: string): Promise<ToolResult> => copy.run({ file: 'ip', args: words.split(' ') });
  const changes = (): readonly string[] => copy.changes.map(({ args }) => args.join(' '));
  return { ip, asked, changes };
}

describe('RouteCopy', () => {
  it('keeps what adds something new, and only shows what is there', async () => {
    const { ip, asked, changes } = copyOf();

    for (const words of [ADDRESS, ROUTE]) assert.equal((await ip(words)).code, 0);

    assert.deepEqual(changes(), [ADDRESS, ROUTE]);
    assert.deepEqual(asked, ['-6 addr show dev lo to ::6/128', '-4 route show table 133']);
  });

  it('refuses what is there already, as ip does', async () => {
    const { ip, changes } = copyOf({
      '-6 addr show dev lo to ::6/128': '    inet6 ::6/128 scope global\n',
      '-4 route show table 133': 'default via 10.0.0.1 dev eth0\nlocal default dev lo scope host\n',
    });

    const refused = [await ip(ADDRESS), await ip(ROUTE)];

    assert.ok(refused.every(({ code, stderr }) => code !== 0 && stderr.includes('File exists')));
    assert.deepEqual(changes(), []);
  });

  it('deletes only what is there', async () => {
    const absent = copyOf();
    const present = copyOf({ '-4 route show table 133': 'local default dev lo scope host\n' });
    const words = ROUTE.replace('add', 'del');

    assert.notEqual((await absent.ip(words)).code, 0);
    assert.equal((await present.ip(words)).code, 0);

    assert.deepEqual([absent.changes(), present.changes()], [[], [words]]);
  });

  it('lets the real tool answer what only reads', async () => {
    const { ip } = copyOf({ '-4 -j rule show': '[]' });

    assert.equal((await ip('-4 -j rule show')).stdout, '[]');
  });
});
