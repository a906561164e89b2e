import assert from 'node:assert/strict';

import { bootstrapSource, renderedExtension } from '../../src/bootstrap/bootstrap-source.ts';

describe('bootstrapSource', () => {
  it('is built in unless something is named', () => {
    assert.deepEqual(bootstrapSource({ templateFile: '' }), { kind: 'built-in' });
  });

  it('prefers the variable over the flag over the configuration', () => {
    const proxyBootstrapTemplatePath = '/config.json';

    assert.deepEqual(bootstrapSource({ proxyBootstrapTemplatePath }), {
      kind: 'template',
      path: '/config.json',
    });
    assert.deepEqual(bootstrapSource({ proxyBootstrapTemplatePath, templateFile: '/flag.json' }), {
      kind: 'template',
      path: '/flag.json',
    });
    assert.deepEqual(bootstrapSource({ templateFile: '/flag.json', istioBootstrap: '/variable.json' }), {
      kind: 'template',
      path: '/variable.json',
    });
  });

  it('takes a custom configuration file before all of them', () => {
    const source = bootstrapSource({ customConfigFile: '/c.json', istioBootstrap: '/variable.json' });

    assert.deepEqual(source, { kind: 'custom', path: '/c.json' });
  });
});

describe('renderedExtension', () => {
  it('is that of the template', () => {
    assert.equal(renderedExtension({ kind: 'template', path: '/t.yaml' }), 'yaml');
    assert.equal(renderedExtension({ kind: 'template', path: '/t.yaml.tmpl' }), 'yaml');
    assert.equal(renderedExtension({ kind: 'template', path: '/t.json' }), 'json');
    assert.equal(renderedExtension({ kind: 'built-in' }), 'json');
  });
});
