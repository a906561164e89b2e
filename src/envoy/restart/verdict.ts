// The answer of a gate: what stands against a planned restart, and whether that is likely to pass.

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** One line, for people. */
      readonly why: string;
      /**
       * `passing`: may be different soon. `configuration`: Envoy itself refuses it, so it is not tried again.
       * `other`: neither.
       */
      readonly fault: Fault;
    };

export type Fault = 'passing' | 'configuration' | 'other';

export const OPEN: Verdict = { ok: true };

export function closed(why: string, fault: Fault = 'other'): Verdict {
  return { ok: false, why, fault };
}
