import { deepEqual } from 'node:assert/strict';

import { parseResolvConf } from '../../../src/dns/forward/resolv-conf.ts';

describe('parseResolvConf', () => {
  it('reads servers and the search list', () => {
    const text = 'nameserver 10.0.0.10\nsearch a.example b.example\noptions ndots:5\n';

    deepEqual(parseResolvConf(text), {
      nameservers: ['10.0.0.10'],
      search: ['a.example', 'b.example'],
      attempts: undefined,
    });
  });

  it('takes every server, in order, whatever its text is', () => {
    const text = 'nameserver a\nnameserver\tb extra\nnameserver\nnameserver 1.1.1.1\nnameserver ::1';

    deepEqual(parseResolvConf(text).nameservers, ['a', 'b', '1.1.1.1', '::1']);
  });

  it('takes the last of domain and search', () => {
    deepEqual(parseResolvConf('search a b\ndomain c d\n').search, ['c']);
    deepEqual(parseResolvConf('domain c\nsearch a b\n').search, ['a', 'b']);
  });

  it('clears the list with a line that has no names', () => {
    deepEqual(parseResolvConf('search a b\nsearch\n').search, []);
    deepEqual(parseResolvConf('search a b\ndomain\n').search, []);
  });

  it('ignores other lines, comments among them', () => {
    const text =
      '# nameserver 9.9.9.9\n; search x\n#nameserver 8.8.8.8\n\nsortlist 1\n  nameserver 1.1.1.1 \r\n';

    deepEqual(parseResolvConf(text), { nameservers: ['1.1.1.1'], search: [], attempts: undefined });
  });

  it('takes for white space what Go does', () => {
    const text = 'nameserver\u0085a\u00a0b\n\ufeffnameserver c\nnameserver \ufeffd\n';

    deepEqual(parseResolvConf(text).nameservers, ['a', '\ufeffd']);
  });

  it('reads how often all servers are to be asked', () => {
    const attempts = (...lines: readonly string[]): unknown => parseResolvConf(lines.join('\n')).attempts;

    deepEqual(
      [
        attempts('options ndots:5 attempts:3 rotate'),
        attempts('options attempts:3', 'options timeout:1', 'options attempts:4 attempts:2'),
        attempts('options attempts:0'),
        attempts('options attempts:x'),
        attempts('options attempt:3'),
      ],
      [3, 2, 1, 1, undefined],
    );
  });
});
