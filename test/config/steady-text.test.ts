import { deepEqual, equal, rejects } from 'node:assert/strict';

import { steadyText } from '../../src/config/steady-text.ts';

const LABELS = './etc/istio/pod/labels';
const MESH = './etc/istio/config/mesh';

class Disk {
  readonly files: Record<string, string | undefined | Error> = {};
  readonly warnings: string[] = [];
  readonly read = steadyText(
    async (path) => {
      const found = this.files[path];
      if (found instanceof Error) throw found;
      return found;
    },
    MESH,
    (message) => this.warnings.push(message),
  );
}

describe('steadyText', () => {
  it('gives what a file says now, and nothing where none ever was', async () => {
    const { files, read, warnings } = new Disk();
    files[LABELS] = 'a="1"';
    const first = await read(LABELS);
    files[LABELS] = 'a="2"';

    deepEqual([first, await read(LABELS), await read('absent')], ['a="1"', 'a="2"', undefined]);
    deepEqual(warnings, []);
  });

  for (const [what, path, good, bad, why] of [
    ['is deleted', 'any', 'x', undefined, 'the file is gone'],
    ['cannot be read', 'any', 'x', new Error('EIO'), 'EIO'],
    ['is no list of labels', LABELS, 'a="1"', 'a=1', 'failed to unquote 1: invalid syntax'],
  ] as const) {
    it(`keeps the content of a file that ${what}, and says so once`, async () => {
      const { files, read, warnings } = new Disk();
      files[path] = good;
      await read(path);
      files[path] = bad;

      deepEqual([await read(path), await read(path)], [good, good]);
      deepEqual(warnings, [`${path}: ${why}; what it said before stays in effect`]);
    });
  }

  it('keeps the mesh file it could read when the new one is no mesh configuration', async () => {
    const { files, read, warnings } = new Disk();
    files[MESH] = 'defaultConfig: {statusPort: 1}';
    await read(MESH);
    files[MESH] = '{';

    equal(await read(MESH), 'defaultConfig: {statusPort: 1}');
    equal(warnings.length, 1);
  });

  it('follows a file again once it is right, and tells of the next time', async () => {
    const { files, read, warnings } = new Disk();
    files[LABELS] = 'a="1"';
    await read(LABELS);
    files[LABELS] = undefined;
    await read(LABELS);
    files[LABELS] = 'a="2"';
    const mended = await read(LABELS);
    files[LABELS] = undefined;

    deepEqual([mended, await read(LABELS)], ['a="2"', 'a="2"']);
    equal(warnings.length, 2);
  });

  it('has whoever asks first judge a file that is wrong from the beginning', async () => {
    const { files, read, warnings } = new Disk();
    files[LABELS] = 'a=1';
    files['any'] = new Error('EACCES');

    equal(await read(LABELS), 'a=1');
    await rejects(read('any'), /EACCES/);
    deepEqual(warnings, []);
  });
});
