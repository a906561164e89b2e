import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { startMergedPage } from '../fixtures/merged-page.ts';
import { answering, failures, halfway, OPENMETRICS, refusing, type Player } from '../fixtures/players.ts';

const APP = '# TYPE a counter\na 1\n';
const OLDER_OPENMETRICS = 'application/openmetrics-text; version=0.0.1; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

describe('MetricsPage with several applications', () => {
  it('asks them at the same time and keeps their order', async () => {
    const { promise: secondAsked, resolve } = Promise.withResolvers<void>();
    const first: Player = async (_request, response) => {
      await secondAsked;
      response.end('first 1\n');
    };
    const second: Player = (_request, response) => {
      resolve();
      response.end('second 2');
    };
    await using page = await startMergedPage({ applications: [first, second] });

    assert.ok((await page.scrape()).text.endsWith('first 1\nsecond 2\n'));
  });

  for (const [formats, contentType] of [
    [[OPENMETRICS, OPENMETRICS], OPENMETRICS],
    [[OLDER_OPENMETRICS, OLDER_OPENMETRICS], OLDER_OPENMETRICS],
    [[OPENMETRICS, OLDER_OPENMETRICS], TEXT],
    [[OPENMETRICS, 'text/plain'], TEXT],
    [['text/plain', OPENMETRICS], TEXT],
  ] as const) {
    it(`announces ${contentType} for ${formats.join(' and ')}`, async () => {
      const applications = formats.map((format, index) => answering(`m${index} 1\n# EOF\r\n`, format));
      await using page = await startMergedPage({ applications });

      const scraped = await page.scrape();

      assert.equal(scraped.contentType, contentType);
      const end = contentType === TEXT ? '' : '# EOF\n';
      assert.ok(scraped.text.endsWith(`m0 1\nm1 1\n${end}`));
    });
  }

  it('judges the format by those that answered, and ends the page for them', async () => {
    const applications = [refusing(500), answering('a 1\n# EOF\n', OPENMETRICS), refusing(503)];
    await using page = await startMergedPage({ applications });

    const { contentType, text } = await page.scrape();

    assert.equal(contentType, OPENMETRICS);
    assert.ok(text.endsWith('\na 1\n# EOF\n'));
    assert.equal(failures(text, 'application'), 2);
  });

  it('drops one that breaks off, whole', async () => {
    const { player, half } = halfway('half 1\n');
    await using page = await startMergedPage({ applications: [player, answering(APP)] });
    const scraped = page.scrape();

    (await half).destroy();

    const { text } = await scraped;
    assert.ok(!text.includes('half'));
    assert.equal(failures(text, 'application'), 1);
  });

  it('drops one that is larger than the cap, decoded, and warns', async () => {
    const bomb: Player = (_request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(101, 'x')));
    };
    const applications = [answering('y'.repeat(100)), bomb, answering('z'.repeat(101))];
    await using page = await startMergedPage({ applications }, { maxBodyBytes: 100 });

    const { text } = await page.scrape();

    assert.ok(text.endsWith(`\n${'y'.repeat(100)}\n`));
    assert.equal(failures(text, 'application'), 2);
    assert.match(page.logged.messages('warn').at(-1) ?? '', /: the body is longer than 100 bytes$/);
  });

  it('keeps 10 MiB and drops one byte more', async () => {
    const full = Buffer.alloc(10 * 1024 * 1024, 'x');
    const applications = [answering(full), answering(Buffer.concat([full, Buffer.from('y')]))];
    await using page = await startMergedPage({ applications });

    const { text } = await page.scrape();

    assert.ok(text.endsWith('x\n'));
    assert.ok(text.length > full.length);
    assert.equal(failures(text, 'application'), 1);
  });

  it('shows one series of a target that is there twice', async () => {
    await using page = await startMergedPage({ applications: [answering(APP)] });
    const [target] = page.targets;
    if (target === undefined) assert.fail();
    await using twice = await startMergedPage({}, { applications: [target, target] });

    const { text } = await twice.scrape();

    assert.ok(text.endsWith(APP + APP));
    assert.equal(text.match(/^istio_agent_scrape_target_up/gm)?.length, 1);
  });
});
