// Why a name did or did not resolve, as far as this server had a part in it: what /debug/ndsz?host=… shows.

import { absolute, nameProblem } from './names/asked-name.ts';
import { explainName, nothing, type NameExplanation } from './names/explanation.ts';
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

/** @param asked as people write names. @throws what looking at a host throws */
export async function nameReport(asked: string, parts: ReportParts): Promise<NameReport> {
  const { table, respondBeforeSync, resolvers } = parts;
  const name = absolute(asked);
  const problem = nameProblem(name);
  if (problem !== undefined) return nothing(name, `nobody can ask for it: ${problem}`);
  if (table === undefined) {
    return respondBeforeSync
      ? forwarded(nothing(name, NO_TABLE), resolvers)
      : nothing(name, `${NO_TABLE}; all queries fail (SERVFAIL)`);
  }
  const explanation = await explainName(table, name);
  return explanation.answers === undefined ? forwarded(explanation, resolvers) : explanation;
}

function forwarded(explanation: NameExplanation, resolvers: readonly ResolverFacts[]): NameReport {
  const whereTo =
    resolvers.length === 0 ? 'there is no resolver to forward to (SERVFAIL)' : 'forwarded to the resolvers';
  return { ...explanation, verdict: `${explanation.verdict}; ${whereTo}`, forwardedTo: resolvers };
}
