import { deepEqual } from 'node:assert/strict';

import { testsIn } from './written-tests.ts';

describe('testsIn', () => {
  it('finds titles in any quotes, each with the groups around it', () => {
    const source = [
      "describe('a server', () => {",
      "  it('says it\\'s up', () => {",
      '  });',
      "  describe('with TLS', () => {",
      '    it("says \\"no\\"", async () => {',
      '    });',
      '  });',
      '  it(',
      '    `ends`,',
      '  );',
      '});',
      "it('stands alone', () => undefined);",
    ].join('\n');

    deepEqual(testsIn(source), [
      { title: "says it's up", group: 'a server' },
      { title: 'says "no"', group: 'a server with TLS' },
      { title: 'ends', group: 'a server' },
      { title: 'stands alone', group: '' },
    ]);
  });

  it('leaves a gap in a title where something is put in', () => {
    const source = 'it(`fails for ${name}`, () => undefined);\nit(title, () => undefined);';

    deepEqual(testsIn(source), [{ title: 'fails for …', group: '' }]);
  });

  it('finds no test that is commented out', () => {
    deepEqual(testsIn("// it('is gone', () => undefined);"), []);
  });
});
