import { deepEqual, equal, match } from 'node:assert/strict';

import { nameReport, type ReportParts } from '../../src/dns/name-report.ts';
import { LookupTable } from '../../src/dns/names/lookup-table.ts';
import { packed } from './support/packed.ts';

const CONTEXT = { namespace: 'shop', domain: 'shop.svc', search: [] };
const RESOLVERS = [{ address: '10.96.0.10:53', suspect: false }];

async function parts(over: Partial<ReportParts> = {}): Promise<ReportParts> {
  const table = await LookupTable.build(packed({ 'a.example': { ips: ['10.0.0.1'] } }), CONTEXT);
  return { table, respondBeforeSync: false, resolvers: RESOLVERS, ...over };
}

describe('nameReport', () => {
  it('says nothing of resolvers for a name that the table has', async () => {
    const report = await nameReport('A.example', await parts());

    match(report.verdict, /^answered from the name table: a\.example\. is the name of a\.example$/);
    equal(report.forwardedTo, undefined);
  });

  it('shows who is asked about another name, with all that is known of them', async () => {
    const { verdict, forwardedTo } = await nameReport('b.example', await parts());

    equal(verdict, 'the name table does not have it; forwarded to the resolvers');
    deepEqual(forwardedTo, RESOLVERS);
  });

  it('looks nowhere for what is no name, and sends nobody to the resolvers', async () => {
    const report = await nameReport('a..b', await parts());

    match(report.verdict, /^nobody can ask for it: /);
    deepEqual([report.tried, report.forwardedTo], [[], undefined]);
  });

  it('knows names by how people write them', async () => {
    const table = await LookupTable.build(
      packed({ 'xn--bcher-kva.example': { ips: ['10.0.0.1'] } }),
      CONTEXT,
    );

    const { answers } = await nameReport('Bücher.Example.', await parts({ table }));

    deepEqual(answers?.A, ['xn--bcher-kva.example. A 10.0.0.1']);
  });

  it('says that nobody can be asked', async () => {
    const { verdict } = await nameReport('b.example', await parts({ resolvers: [] }));

    equal(verdict, 'the name table does not have it; there is no resolver to forward to (SERVFAIL)');
  });

  it('says that there is no table yet, and what that means for queries', async () => {
    const failing = await nameReport('A.example', await parts({ table: undefined }));
    const asking = await nameReport('A.example', await parts({ table: undefined, respondBeforeSync: true }));

    deepEqual(
      [failing.name, failing.verdict, failing.forwardedTo],
      [
        'a.example.',
        'no name table has come from the control plane yet; all queries fail (SERVFAIL)',
        undefined,
      ],
    );
    deepEqual(
      [asking.verdict, asking.forwardedTo],
      ['no name table has come from the control plane yet; forwarded to the resolvers', RESOLVERS],
    );
  });
});
