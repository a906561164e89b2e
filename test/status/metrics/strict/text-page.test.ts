import { deepEqual, equal, rejects } from 'node:assert/strict';

import { CUT, merge } from './merge.ts';
import { strictPage } from '../../../../src/status/metrics/strict/strict-page.ts';

const CLEAN = `# HELP requests_total Requests, \\\\ and "all".
# TYPE requests_total counter
requests_total{code="200",path="/ü\\n\\"\\\\"} 1027 1395066363000
requests_total{code="400"} 3
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 3
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 1.5e-2
took_seconds_count 4
# TYPE rpc summary
rpc{quantile="0.5"} NaN
rpc_sum 0
rpc_count 0
# TYPE odd untyped
odd -Inf
plain{} 1
# HELP empty Nothing yet.
# TYPE empty gauge
`;

describe('a strict page in text', () => {
  it('has a clean part as it is, however it arrives', async () => {
    for (const chunkBytes of [1, 5, 1000]) {
      const { page, conflicts } = await merge('text', [{ body: CLEAN, chunkBytes }]);

      equal(page, CLEAN);
      deepEqual(conflicts, []);
    }
  });

  it('has parts in their order and counts for the part that is to blame', async () => {
    const { page, conflicts } = await merge('text', [
      { type: 'agent', body: '# TYPE a gauge\na 1\n' },
      { type: 'envoy', body: '# TYPE a gauge\na 2\nb\n' },
      { type: 'application', body: 'c 1' },
    ]);

    equal(page, '# TYPE a gauge\na 1\nc 1\n');
    deepEqual(conflicts, ['envoy duplicate', 'envoy broken']);
  });

  describe('leaves out a family that is there already:', () => {
    const histogram = '# TYPE x histogram\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1\n';
    const cases: readonly (readonly [title: string, first: string, second: string])[] = [
      [
        'by its name',
        '# TYPE x gauge\nx{a="1"} 1\n',
        '# HELP x More.\n# TYPE x gauge\nx{a="2"} 1\nx{a="3"} 1\n',
      ],
      ['without metadata', 'x 1\n', 'x{a="2"} 1\n'],
      ['by metadata alone', '# HELP x Some.\n', '# HELP x More.\n'],
      ['a count of a histogram', histogram, '# TYPE x_count gauge\nx_count 1\n'],
      ['a sum of a histogram, without metadata', histogram, 'x_sum{a="1"} 1\n'],
      ['buckets of a histogram', histogram, '# HELP x_bucket Buckets.\n'],
      ['a histogram with a count that is taken', '# TYPE x_count gauge\nx_count 1\n', histogram],
      ['a sum of a summary', '# TYPE x summary\nx_sum 1\n', '# TYPE x_sum counter\nx_sum 1\n'],
    ];
    for (const [title, first, second] of cases) {
      it(title, async () => {
        const { page, conflicts } = await merge('text', [first, `${second}after 1\n`]);

        equal(page, `${first}after 1\n`);
        deepEqual(conflicts, ['application duplicate']);
      });
    }

    it('in one part, and its samples that come apart', async () => {
      const { page, conflicts } = await merge('text', ['a 1\nb 1\na{x="1"} 1\na{x="2"} 1\nc 1\n']);

      equal(page, 'a 1\nb 1\nc 1\n');
      deepEqual(conflicts, ['application duplicate']);
    });

    it('but not one whose name only begins alike', async () => {
      const body =
        '# TYPE x summary\nx_sum 1\n# TYPE x_bucket gauge\nx_bucket 1\n# TYPE x_total counter\nx_total 1\n';

      equal((await merge('text', [body])).page, body);
    });
  });

  it('has each series of a family once, whatever the order of its labels', async () => {
    const { page, conflicts } = await merge('text', [
      'a{x="1",y="2"} 1\na{y="2",x="1"} 2\na{x="2",y="1"} 3\na{x="1"} 4\na 5\na{} 6\n',
    ]);

    equal(page, 'a{x="1",y="2"} 1\na{x="2",y="1"} 3\na{x="1"} 4\na 5\n');
    deepEqual(conflicts, ['application duplicate', 'application duplicate']);
  });

  it('takes the same labels for another sample of the family', async () => {
    const body = '# TYPE x summary\nx_sum{a="1"} 1\nx_count{a="1"} 1\n';

    equal((await merge('text', [body])).page, body);
  });

  describe('leaves out a line of metadata', () => {
    const cases: readonly (readonly [title: string, line: string, reason: string])[] = [
      ['that is there twice', '# TYPE a gauge', 'duplicate'],
      ['of another type, the second time', '# TYPE a counter', 'duplicate'],
      ['with help, the second time', '# HELP a More.', 'duplicate'],
    ];
    for (const [title, line, reason] of cases) {
      it(title, async () => {
        const { page, conflicts } = await merge('text', [`# HELP a Some.\n# TYPE a gauge\n${line}\na 1\n`]);

        equal(page, '# HELP a Some.\n# TYPE a gauge\na 1\n');
        deepEqual(conflicts, [`application ${reason}`]);
      });
    }

    it('that comes after samples', async () => {
      const { page, conflicts } = await merge('text', ['a 1\n# TYPE a gauge\na{x="1"} 2\n']);

      equal(page, 'a 1\na{x="1"} 2\n');
      deepEqual(conflicts, ['application broken']);
    });

    for (const line of [
      '# TYPE a zigzag',
      '# TYPE a',
      '# TYPE a stateset',
      '# HELP a \\q',
      '# HELP a x\\',
      '# TYPE 1a gauge',
    ]) {
      it(`that does not parse: ${line}`, async () => {
        const { page, conflicts } = await merge('text', [`${line}\na 1\n`]);

        equal(page, 'a 1\n');
        deepEqual(conflicts, ['application broken']);
      });
    }

    it('with a help that is no UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('# HELP a '), Buffer.of(0xff), Buffer.from('\na 1\n')]);

      const { page, conflicts } = await merge('text', [{ body }]);

      equal(page, 'a 1\n');
      deepEqual(conflicts, ['application broken']);
    });
  });

  it('passes over comments, blank lines and marks of the end, which say nothing', async () => {
    const { page, conflicts } = await merge('text', [
      '\n  \n# a comment\n#\n# HELP\n# EOF\n# UNIT a x\na 1\n# EOF\n\r\n# EOF\r\n',
      'b 1\n',
    ]);

    equal(page, 'a 1\nb 1\n');
    deepEqual(conflicts, []);
  });

  it('writes types in small letters, as Prometheus wants them', async () => {
    equal((await merge('text', ['# TYPE a Gauge\na 1\n'])).page, '# TYPE a gauge\na 1\n');
  });

  describe('drops a line that does not parse:', () => {
    const lines = [
      'a',
      'a 1 1 1',
      'a one',
      'a 0x10',
      'a 1_0',
      'a +nan',
      'a 1e999',
      'a 1 1.5',
      'a 1 99999999999999999999',
      'a 1 # {id="1"} 1',
      '1a 1',
      'a-b 1',
      '{x="1"} 1',
      'a{x="1" 1',
      'a{x="1',
      'a{x=1} 1',
      'a{="1"} 1',
      'a{1x="1"} 1',
      'a{x:y="1"} 1',
      'a{x="1"y="2"} 1',
      'a{x="1" "y"="2"} 1',
      'a{x="1",x="2"} 1',
      `a{${Array.from({ length: 20 }, (_, index) => `x${index}="1"`).join(',')},x7="1"} 1`,
      'a{,} 1',
      'a{x="1",,} 1',
      'a{x="\\d"} 1',
      'a{x="1\\"} 1',
      'a{x="\0"} 1',
      'a{__name__="b"} 1',
      `a{x="${'1'.repeat(70_000)}"} 1`,
    ];
    for (const line of lines) {
      it(JSON.stringify(line).slice(0, 60), async () => {
        const { page, conflicts } = await merge('text', [`b 1\n${line}\nb{x="1"} 2\n`]);

        equal(page, 'b 1\nb{x="1"} 2\n');
        deepEqual(conflicts, ['application broken']);
      });
    }

    it('a label that is no UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('a{x="'), Buffer.of(0xc3, 0x28), Buffer.from('"} 1\na 2\n')]);

      const { page, conflicts } = await merge('text', [{ body }]);

      equal(page, 'a 2\n');
      deepEqual(conflicts, ['application broken']);
    });

    it('a bound of a histogram or a summary that is no number', async () => {
      const body =
        '# TYPE h histogram\nh_bucket{le="x"} 1\nh_sum 1\n# TYPE s summary\ns{quantile="x"} 1\ns_sum 1\n';

      const { page, conflicts } = await merge('text', [body]);

      equal(page, '# TYPE h histogram\nh_sum 1\n# TYPE s summary\ns_sum 1\n');
      deepEqual(conflicts, ['application broken', 'application broken']);
    });
  });

  describe('takes what can be read, and writes it so that every parser can:', () => {
    const cases: readonly (readonly [line: string, written: string])[] = [
      ['a 1\r', 'a 1'],
      ['\t a  1\t5 ', 'a 1 5'],
      ['a\t1', 'a 1'],
      ['a {x="1"}1', 'a{x="1"} 1'],
      ['a{ x = "1" , y = "}, " , } 1', 'a{x="1",y="}, "} 1'],
      ['a{x="1",} 1', 'a{x="1"} 1'],
      ['a Infinity', 'a Infinity'],
      ['a .5 -7', 'a .5 -7'],
      [':a:_9{__x="1"} 5.', ':a:_9{__x="1"} 5.'],
    ];
    for (const [line, written] of cases) {
      it(JSON.stringify(line), async () => {
        const { page, conflicts } = await merge('text', [`${line}\n`]);

        equal(page, `${written}\n`);
        deepEqual(conflicts, []);
      });
    }

    it('names of the same length', async () => {
      const body = 'ab 1\nac 1\nabc 1\na 1\n';

      equal((await merge('text', [body])).page, body);
    });

    it('buckets in any order and a histogram in pieces, as its parsers do', async () => {
      const body =
        '# TYPE h histogram\nh_bucket{le="2"} 1\nh_bucket{le="1"} 5\nh_sum{x="1"} 1\nh_count 2\nh_bucket 1\n';

      equal((await merge('text', [body])).page, body);
    });
  });

  it('ends where a connection is cut, with the last line that was complete', async () => {
    const { page, conflicts } = await merge('text', [{ body: 'a 1\nb 12', cut: true }, 'c 1\n']);

    equal(page, 'a 1\nc 1\n');
    deepEqual(conflicts, []);
  });

  it('passes on that a connection was cut', async () => {
    const filter = strictPage({ format: 'text' }, () => undefined);
    const cut = filter.part('envoy', broken(), 'text')[Symbol.asyncIterator]();

    await rejects(cut.next(), CUT);
  });

  it('leaves out families beyond those whose names it can remember', async () => {
    const body = Array.from({ length: 2 ** 18 + 2 }, (_, index) => `n${index} 1\n`).join('');

    const { page, conflicts } = await merge('text', [body]);

    equal(page.split('\n').length - 1, 2 ** 18);
    deepEqual(conflicts, ['application broken', 'application broken']);
  });
});

// oxlint-disable-next-line require-yield -- it breaks off before the first byte
async function* broken(): AsyncGenerator<Buffer> {
  throw CUT;
}
