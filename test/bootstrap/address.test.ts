import assert from 'node:assert/strict';

import { socketAddress, statsdAddress } from '../../src/bootstrap/address.ts';

describe('socketAddress', () => {
  it('splits name and port, brackets removed', () => {
    assert.deepEqual(socketAddress('zipkin', 'zipkin:9411', ''), { address: 'zipkin', port_value: 9411 });
    assert.deepEqual(socketAddress('zipkin', '[fd00::1]:80', ''), { address: 'fd00::1', port_value: 80 });
  });

  it('puts in the address of the host', () => {
    const address = socketAddress('datadog', '$(HOST_IP):8126', '10.0.0.1');

    assert.deepEqual(address, { address: '10.0.0.1', port_value: 8126 });
  });

  it('is null when nothing is configured', () => {
    assert.equal(socketAddress('zipkin', undefined, ''), null);
    assert.equal(socketAddress('zipkin', '', ''), null);
  });

  it('says what is wrong in the words of Go', () => {
    const reasons: readonly (readonly [string, string])[] = [
      ['zipkin', 'address zipkin: missing port in address'],
      ['a:b:1', 'address a:b:1: too many colons in address'],
      ['[::1', "address [::1: missing ']' in address"],
      ['[::1]', 'address [::1]: missing port in address'],
      ['a]:1', "address a]:1: unexpected ']' in address"],
      ['a:http', 'invalid port "http"'],
      ['a:65536', 'invalid port "65536"'],
      ['a:', 'invalid port ""'],
      [':80', 'missing host'],
    ];

    for (const [text, reason] of reasons) {
      assert.throws(() => socketAddress('zipkin', text, ''), {
        name: 'ConfigError',
        message: `unable to parse zipkin address "${text}": ${reason}`,
      });
    }
  });
});

describe('statsdAddress', () => {
  it('takes an IP address only, since Envoy asks no DNS for it', () => {
    assert.deepEqual(statsdAddress('[fd00::5]:9125', ''), { address: 'fd00::5', port_value: 9125 });
    assert.equal(statsdAddress(undefined, ''), null);
    assert.throws(() => statsdAddress('statsd:9125', ''), {
      name: 'ConfigError',
      message: 'unable to parse statsd address "statsd:9125": statsd is no IP address',
    });
  });
});
