import assert from 'node:assert/strict';

import { bootstrapSource, renderedExtension } from '../../src/bootstrap/bootstrap-source.ts';

const NOTHING = { customConfigFile: '', templatePath: '', istioBootstrap: '' };

describe('bootstrapSource', () => {
  it('is built in unless something is named', () => {
    assert.deepEqual(bootstrapSource(NOTHING), { kind: 'built-in' });
  });

  it('prefers the variable over the configuration', () => {
    const configured = { ...NOTHING, templatePath: '/config.json' };

    assert.deepEqual(bootstrapSource(configured), { kind: 'template', path: '/config.json' });
    assert.deepEqual(bootstrapSource({ ...configured, istioBootstrap: '/variable.json' }), {
      kind: 'template',
      path: '/variable.json',
    });
  });

  it('takes a custom configuration file before both', () => {
    const source = bootstrapSource({
      customConfigFile: '/c.json',
      templatePath: '/config.json',
      istioBootstrap: '/variable.json',
    });

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
