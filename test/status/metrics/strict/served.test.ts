import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { startMergedPage } from '../../fixtures/merged-page.ts';
import { answering, halfway, OPENMETRICS, pageReader } from '../../fixtures/players.ts';
import { judgeOrSkip } from '../../../support/judge.ts';
import { findOpenMetricsParser, openMetricsRefusals } from '../../../support/openmetrics.ts';
import { findPromtool, parseProblem } from '../../../support/promtool.ts';

const ENVOY =
  '# TYPE envoy_requests_total counter\nenvoy_requests_total{code="200"} 1\n# TYPE mine gauge\nmine 1\n';

describe('MetricsPage with METRICS_MERGE=strict', () => {
  it('leaves out what Envoy has already, and counts it for the application', async function () {
    await judgeOrSkip(this, findPromtool);
    const applications = [answering('# TYPE mine gauge\nmine 2\nnot a sample\nother 1')];
    await using page = await startMergedPage({ envoy: answering(ENVOY), applications }, { strict: true });

    const { text } = await page.scrape();
    const { text: next } = await page.scrape();

    ok(text.endsWith(`${ENVOY}other 1\n`), text.slice(-200));
    equal(await parseProblem(next), undefined);
    const labels = (type: string, reason: string): string => `{type="${type}",reason="${reason}"}`;
    const counted = (type: string, count: number): string[] =>
      ['duplicate', 'broken'].map((reason) => `${labels(type, reason)} ${count}`);
    deepEqual(conflicts(text), [...counted('envoy', 0), ...counted('application', 0)]);
    deepEqual(conflicts(next), [...counted('envoy', 0), ...counted('application', 1)]);
  });

  it("converts the agent's own metrics and Envoy's when the application answers in OpenMetrics", async function () {
    const parser = await judgeOrSkip(this, findOpenMetricsParser);
    const applications = [answering('# TYPE other counter\nother_total 1\n# EOF\n', OPENMETRICS)];
    await using page = await startMergedPage({ envoy: answering(ENVOY), applications }, { strict: true });

    const { text, contentType } = await page.scrape();

    equal(contentType, OPENMETRICS);
    deepEqual(await openMetricsRefusals(parser, [text]), [undefined]);
    match(text, /^# TYPE istio_agent_scrapes counter\nistio_agent_scrapes_total 1$/m);
    match(text, /^# TYPE envoy_requests counter\nenvoy_requests_total\{code="200"\} 1$/m);
    ok(text.endsWith('# TYPE other counter\nother_total 1\n# EOF\n'));
    deepEqual(
      conflicts((await page.scrape()).text).filter((line) => !line.endsWith(' 0')),
      [],
    );
  });

  it('brings applications of different formats onto a page in text', async function () {
    await judgeOrSkip(this, findPromtool);
    const applications = [
      answering('# TYPE a counter\na_total 1 # {id="1"} 1\n# EOF\n', OPENMETRICS),
      answering('# TYPE a_total counter\na_total 2\n# TYPE b gauge\nb 1'),
    ];
    await using page = await startMergedPage({ applications }, { strict: true });

    const { text, contentType } = await page.scrape();

    equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
    equal(await parseProblem(text), undefined);
    ok(text.endsWith('# TYPE a_total counter\na_total 1\n# TYPE b gauge\nb 1\n'), text.slice(-200));
  });

  it('passes on what is complete, and parses when the application breaks off', async function () {
    const parser = await judgeOrSkip(this, findOpenMetricsParser);
    const begun = 'a 1\n# TYPE h histogram\nh_bucket{le="1"} 1\n';
    const { player, half } = halfway(`${begun}h_bucket{le="+In`, OPENMETRICS);
    await using page = await startMergedPage(
      { envoy: answering(ENVOY), applications: [player] },
      { strict: true },
    );
    const reader = await pageReader(page.url);

    const text = await reader.until('# TYPE h histogram\n');
    (await half).destroy();
    const rest = await reader.rest();

    equal(rest, '# EOF\n');
    deepEqual(await openMetricsRefusals(parser, [text + rest]), [undefined]);
  });
});

function conflicts(page: string): readonly string[] {
  return [...page.matchAll(/^istio_agent_scrape_conflicts_total(\{.*)$/gm)].map(([, line = '']) => line);
}
