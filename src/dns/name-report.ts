// Why a name did or did not resolve, as far as this server had a part in it: what /debug/ndsz?host=… shows.

import { absolute, explainName, type NameExplanation } from './names/explanation.ts';
import type { LookupTable } from './names/lookup-table.ts';

/** One of those that are asked what the name table does not have. */
export interface ResolverFacts {
  /** `10.96.0.10:53` */
  readonly address: string;
  /** It failed lately, and is asked after the others for a while. */
  readonly suspect: boolean;
}

export interface ReportParts {
  readonly table: LookupTable | undefined;
  /** Whether others are asked before the first table. */
  readonly respondBeforeSync: boolean;
  readonly resolvers: readonly ResolverFacts[];
}

export interface NameReport extends NameExplanation {
  /** Who is asked about addresses of the name; absent when nobody is. */
  readonly forwardedTo?: readonly ResolverFacts[];
}

const NO_TABLE = 'no name table has come from the control plane yet';

/** @param asked in any case, with a final dot or without. @throws what looking at a host throws */
export async function nameReport(asked: string, parts: ReportParts): Promise<NameReport> {
  const { table, respondBeforeSync, resolvers } = parts;
  if (table === undefined) {
    const name = { name: absolute(asked), tried: [], passedOver: [], unusable: [] };
    return respondBeforeSync
      ? forwarded({ ...name, verdict: NO_TABLE }, resolvers)
      : { ...name, verdict: `${NO_TABLE}; all queries fail (SERVFAIL)` };
  }
  const explanation = await explainName(table, asked);
  return explanation.answers === undefined ? forwarded(explanation, resolvers) : explanation;
}

function forwarded(explanation: NameExplanation, resolvers: readonly ResolverFacts[]): NameReport {
  const whereTo =
    resolvers.length === 0 ? 'there is no resolver to forward to (SERVFAIL)' : 'forwarded to the resolvers';
  return { ...explanation, verdict: `${explanation.verdict}; ${whereTo}`, forwardedTo: resolvers };
}
