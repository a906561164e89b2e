import { deepEqual } from 'node:assert/strict';

import { resolversIn } from '../../../src/dns/forward/resolvers.ts';
import { recordingLog } from '../../support/recording-log.ts';

const LISTEN = [{ host: '127.0.0.1', port: 53 }];

function hostsIn(text: string, listen = LISTEN) {
  const recorded = recordingLog();
  const { resolvers, ...rest } = resolversIn(text, listen, recorded.log);
  return { hosts: resolvers.map(({ host }) => host), rest, recorded };
}

describe('resolversIn', () => {
  it('takes every address, in order, and the search list', () => {
    const { hosts, rest } = hostsIn('search a b\nnameserver fd00::a\nnameserver 10.0.0.1\n');

    deepEqual(hosts, ['fd00::a', '10.0.0.1']);
    deepEqual(rest, { search: ['a', 'b'], retries: 0 });
  });

  it('leaves out what is no address, and says so once', () => {
    const { hosts, recorded } = hostsIn('nameserver a\nnameserver 10.0.0.1\nnameserver b\n');

    deepEqual(hosts, ['10.0.0.1']);
    deepEqual(recorded.messages(), ['ignored name servers that are no IP address: a, b']);
  });

  it('leaves out this server itself, and says so once', () => {
    const { hosts, recorded } = hostsIn('nameserver 127.0.0.1\nnameserver 127.0.0.1\nnameserver 127.0.0.2\n');

    deepEqual(hosts, ['127.0.0.2']);
    deepEqual(recorded.messages('error'), [
      'ignored name servers that are this DNS server itself: 127.0.0.1:53, 127.0.0.1:53',
    ]);
  });

  it('keeps a resolver on the same address at another port', () => {
    deepEqual(hostsIn('nameserver 127.0.0.1\n', [{ host: '127.0.0.1', port: 15_053 }]).hosts, ['127.0.0.1']);
  });

  it('takes attempts for rounds after the first, at most four', () => {
    const retries = [1, 3, 100].map((attempts) => hostsIn(`options attempts:${attempts}\n`).rest.retries);

    deepEqual(retries, [0, 2, 4]);
  });
});
