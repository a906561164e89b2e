import assert from 'node:assert/strict';

import type { TlsSettingsJson } from '../../src/node/proxy-config-json.ts';
import { upstreamTls, type UpstreamTlsInput } from '../../src/bootstrap/upstream-tls.ts';

function tls(settings: TlsSettingsJson, changes: Partial<UpstreamTlsInput> = {}): string {
  const paths = { certificate: '', privateKey: '', rootCertificate: '' };
  const input = { field: 'tracing', settings, defaultSni: 'tracer', isHttp2: true, paths, ...changes };
  return JSON.stringify(upstreamTls(input));
}

describe('upstreamTls', () => {
  it('is null without settings and when disabled', () => {
    assert.equal(tls({}), 'null');
    assert.equal(tls({ mode: 'DISABLE' }), 'null');
  });

  it('waits for the mesh certificates and names the service', () => {
    const text = tls({ mode: 'ISTIO_MUTUAL' });

    assert.match(text, /"name":"default","sds_config".*"initial_fetch_timeout":"0s"/);
    assert.match(text, /"name":"ROOTCA"/);
    assert.match(text, /"sni":"tracer"/);
    assert.match(text, /"alpn_protocols":\["istio","h2"\]/);
  });

  it('asks the agent for files by their paths', () => {
    const text = tls({ mode: 'MUTUAL', clientCertificate: '/c', privateKey: '/k', caCertificates: '/ca' });

    assert.match(text, /"file-cert:\/c~\/k"/);
    assert.match(text, /"file-root:\/ca"/);
    assert.doesNotMatch(text, /initial_fetch_timeout|"sni"/);
  });

  it('prefers the paths of the node metadata', () => {
    const paths = { certificate: '/m/c', privateKey: '/m/k', rootCertificate: '/m/ca' };

    const text = tls(
      { mode: 'MUTUAL', clientCertificate: '/c', privateKey: '/k', caCertificates: '/ca' },
      { paths },
    );

    assert.match(text, /"file-cert:\/m\/c~\/m\/k"/);
    assert.match(text, /"file-root:\/m\/ca"/);
  });

  it('offers no protocol to a service of HTTP/1.1', () => {
    assert.doesNotMatch(tls({ mode: 'SIMPLE', caCertificates: '/ca' }, { isHttp2: false }), /alpn/);
  });

  it('checks the names the server must carry', () => {
    const text = tls({ mode: 'SIMPLE', caCertificates: '/ca', subjectAltNames: ['a.example'] });

    assert.match(text, /"match_subject_alt_names":\[\{"exact":"a\.example"\}\]/);
  });

  it('names the field when the CA is missing', () => {
    assert.throws(() => tls({ mode: 'SIMPLE' }), {
      name: 'ConfigError',
      message: 'tracing.tlsSettings.caCertificates is needed with mode SIMPLE',
    });
  });

  it('names the field when the server name is too long for Envoy', () => {
    tls({ mode: 'ISTIO_MUTUAL', sni: 'x'.repeat(255) });

    assert.throws(() => tls({ mode: 'ISTIO_MUTUAL', sni: 'x'.repeat(256) }), {
      name: 'ConfigError',
      message: 'tracing.tlsSettings.sni is longer than 255 bytes',
    });
  });
});
