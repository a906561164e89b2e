import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  bytesOf,
  contentOf,
  extensionOf,
  hashOf,
  type BootstrapContent,
} from '../../src/agent/bootstrap-content.ts';
import type { JsonObject } from '../../src/runtime/json.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function rendered(document: JsonObject): BootstrapContent {
  return { kind: 'rendered', document, extension: 'json' };
}

describe('hashOf', () => {
  it('does not depend on the order of members', () => {
    const one = hashOf(rendered({ a: 1, b: { c: 2, d: 3 } }), undefined);

    equal(hashOf(rendered({ b: { d: 3, c: 2 }, a: 1 }), undefined), one);
    notEqual(hashOf(rendered({ a: 1, b: { c: 2, d: 4 } }), undefined), one);
  });

  it('tells content from what is laid over it', () => {
    const bytes = (text: string): BootstrapContent => ({
      kind: 'custom',
      path: '/mine.json',
      bytes: Buffer.from(text),
    });

    notEqual(hashOf(bytes('ab'), 'c'), hashOf(bytes('a'), 'bc'));
  });
});

describe('contentOf', () => {
  it("keeps the bytes of a user's file, for whichever Envoy, and how it ends", async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'mine.yaml');
    await writeFile(path, 'admin: {}');

    const content = await contentOf({ kind: 'custom', path });
    await writeFile(path, 'node: {}');

    deepEqual([String(bytesOf(content, 2)), extensionOf(content)], ['admin: {}', 'yaml']);
  });
});
