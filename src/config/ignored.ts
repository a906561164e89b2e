// Everything that was given and has no effect, gathered while configuration is read and told in one line: flags
// nobody knows, fields nobody knows, values that cannot be read.

import { excerpt } from '../runtime/excerpt.ts';

export type IgnoredKind = 'flag' | 'field' | 'variable' | 'annotation';

export interface IgnoredInput {
  readonly kind: IgnoredKind;
  /** The input as its user knows it, with the layer of a field and what is wrong with a value. */
  readonly text: string;
}

/** A value says by itself which variable it is of. */
const TITLES: Readonly<Record<IgnoredKind, string>> = {
  flag: 'unknown flags ',
  field: 'unknown ProxyConfig fields ',
  annotation: 'annotations ',
  variable: '',
};

/** Of one kind; the rest is counted. */
const SHOWN = 20;

/** `ignored: unknown flags --a, --b; annotations …; Invalid environment …`; undefined when everything counts. */
export function ignoredLine(ignored: readonly IgnoredInput[]): string | undefined {
  const kinds = Object.entries(TITLES).flatMap(([kind, title]) => {
    const texts = ignored.filter((input) => input.kind === kind).map(({ text }) => excerpt(text));
    const more = texts.length > SHOWN ? [`and ${texts.length - SHOWN} more`] : [];
    const shown = [...texts.slice(0, SHOWN), ...more].join(title === '' ? '; ' : ', ');
    return shown === '' ? [] : [`${title}${shown}`];
  });
  return kinds.length === 0 ? undefined : `ignored: ${kinds.join('; ')}`;
}
