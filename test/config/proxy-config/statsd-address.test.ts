import assert from 'node:assert/strict';

import { resolveStatsdAddress } from '../../../src/config/proxy-config/statsd-address.ts';

describe('resolveStatsdAddress', () => {
  it('asks nobody about an address', async () => {
    const nobody = async () => Promise.reject(new Error('asked'));

    assert.equal(await resolveStatsdAddress('10.0.0.9:8125', nobody), '10.0.0.9:8125');
    assert.equal(await resolveStatsdAddress('[fd00::1]:8125', nobody), '[fd00::1]:8125');
  });

  it('prefers the first IPv4 address, else takes the last one', async () => {
    const both = async () => ['fd00::1', '10.0.0.9', '10.0.0.8'];
    const ipv6 = async () => ['fd00::1', 'fd00::2'];

    assert.equal(await resolveStatsdAddress('both:1', both), '10.0.0.9:1');
    assert.equal(await resolveStatsdAddress('ipv6:1', ipv6), '[fd00::2]:1');
  });

  it('waits for an answer only so long', async () => {
    const limit = new AbortController();
    const never = async () => new Promise<never>(() => undefined);
    const answer = resolveStatsdAddress('slow:1', never, limit.signal);

    limit.abort();

    await assert.rejects(answer, { name: 'ConfigError', message: 'no answer about slow in time' });
  });
});
