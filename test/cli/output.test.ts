import { equal, rejects } from 'node:assert/strict';

import { columns, formatted } from '../../src/cli/output.ts';

describe('columns', () => {
  it('aligns cells, leaves no blanks at the end of a line, and lets headings stand alone', () => {
    const text = columns([['a', 'b'], ['a long heading'], ['wide', ''], ['x', 'y']]);

    equal(text, 'a     b\na long heading\nwide\nx     y\n');
  });

  it('lets a very long cell stand out alone', () => {
    const long = 'x'.repeat(61);

    equal(
      columns([
        ['name', 'b'],
        [long, 'b'],
      ]),
      `name  b\n${long}  b\n`,
    );
  });
});

describe('formatted', () => {
  it('gives text, JSON or YAML, each ended by a newline', async () => {
    const text = (): string => 'plain\n';

    equal(await formatted('text', { a: 1 }, text), 'plain\n');
    equal(await formatted('json', { a: 1 }, text), '{\n  "a": 1\n}\n');
    equal(await formatted('yaml', { a: 1 }, text), 'a: 1\n');
    await rejects(formatted('xml', {}, text), /--output must be/);
  });
});
