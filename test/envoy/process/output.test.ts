import { deepEqual, equal } from 'node:assert/strict';
import { Readable } from 'node:stream';

import { eachLine, envoyWords, LineTail } from '../../../src/envoy/process/output.ts';

async function linesOf(chunks: readonly Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  const apart = async function* (): AsyncGenerator<Buffer> {
    for (const chunk of chunks) {
      yield chunk;
      await new Promise(setImmediate); // as from a pipe: one read per write
    }
  };
  await eachLine(Readable.from(apart(), { objectMode: false }), (line) => lines.push(line));
  return lines;
}

describe('eachLine', () => {
  it('joins chunks, splits lines, and gives a last line without newline', async () => {
    deepEqual(await linesOf([Buffer.from('a\nb'), Buffer.from('c\n\nd')]), ['a', 'bc', '', 'd']);
  });

  it('replaces bytes that are no UTF-8, and keeps characters that two chunks share', async () => {
    const euro = Buffer.from('€');

    const lines = await linesOf([Buffer.from([0xff]), euro.subarray(0, 1), euro.subarray(1)]);

    deepEqual(lines, ['\ufffd€']);
  });

  it('does not collect an endless line', async () => {
    const chunk = Buffer.alloc(60_000, 'x');

    const lines = await linesOf([chunk, chunk, chunk]);

    deepEqual(
      lines.map(({ length }) => length),
      [120_000, 60_000],
    );
  });

  it('ends when the stream breaks', async () => {
    const stream = new Readable({ read: () => undefined });
    const ended = eachLine(stream, () => undefined);

    stream.destroy(new Error('EPIPE'));

    await ended;
  });
});

describe('LineTail', () => {
  it('keeps the last lines', () => {
    const tail = new LineTail(2);

    for (const line of ['a', 'b', 'c']) tail.push(line);

    deepEqual(tail.lines, ['b', 'c']);
  });
});

describe('envoyWords', () => {
  const critical = (text: string): string =>
    `[2026-11-21 11:44:32.588][9401][critical][main] [source/a.cc:449] ${text}`;

  it('takes the last critical line without its prefix', () => {
    const lines = [
      critical('first'),
      '[t][1][info][main] [x:1] exiting',
      critical("Didn't find 'x'"),
      'bare',
    ];

    equal(envoyWords(lines), "Didn't find 'x'");
  });

  it('takes the error out of the dump of the configuration', () => {
    const lines = [
      critical("error `cannot bind '1.2.3.4:5'` initializing config 'goo.gle/debugonly"),
      "  e.json'",
    ];

    equal(envoyWords(lines), "cannot bind '1.2.3.4:5'");
  });

  it('reads the format Istio sets', () => {
    const line = '2026-11-21T11:44:32.588000Z\tcritical\tenvoy main source/a.cc:449\tno such thing\tthread=7';

    equal(envoyWords([line]), 'no such thing');
  });

  it('ignores the stack trace of an abort', () => {
    const lines = [
      '[t][1][critical][assert] [a.cc:1] panic: cannot open shared memory region',
      '[t][1][critical][backtrace] [b.h:1] #0: [0x7f2e19e17050]',
    ];

    equal(envoyWords(lines), 'panic: cannot open shared memory region');
  });

  it('falls back to an error line, to the last line, to saying that there is none', () => {
    equal(envoyWords(['[t][1][error][config] [a.cc:1] bad listener', 'x']), 'bad listener');
    equal(envoyWords(['PARSE ERROR', '  --x -- Argument already set!', '']), '--x -- Argument already set!');
    equal(envoyWords([]), 'Envoy said nothing');
  });

  it('is one line of at most 500 characters', () => {
    equal(envoyWords([critical(`a\tb ${'x'.repeat(900)}`)]).length, 500);
  });
});
