// Mistakes in configuration files: where they are, and the error that carries all of them.

import { isNode, type Document, type LineCounter } from 'yaml';

import { formatPath, type Path } from '../../proto/json-mapping-error.ts';
import { ConfigError } from '../../runtime/errors.ts';

/** Every mistake of a directory, one line each: `clusters.yaml:12: resources[0] (Cluster "web"): …`. */
export class ConfigFilesError extends ConfigError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** One YAML document of a file, with what is needed to say where something stands in it. */
export interface DocumentPlace {
  /** File name without directory. */
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** How many documents the file has. */
  readonly count: number;
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * One line that says where and what.
 *
 * @param path of the value from the document's top; its line is given, or that of the nearest value around it
 * @param label what a reader would call the thing at the start of the path, for example `Cluster "web"`
 */
export function problemText(place: DocumentPlace, path: Path, what: string, label?: string): string {
  const line = lineOf(place, path);
  const where = [`${place.file}:${line}:`];
  if (place.count > 1) where.push(`document ${place.number},`);
  if (path.length > 0) where.push(`${labelled(path, label)}:`);
  return `${where.join(' ')} ${what}`;
}

/** `resources[0] (Cluster "web") load_assignment.endpoints` */
function labelled(path: Path, label: string | undefined): string {
  if (label === undefined) return formatPath(path);
  const inner = formatPath(path.slice(2));
  return `${formatPath(path.slice(0, 2))} (${label})${inner === '' ? '' : ` ${inner}`}`;
}

function lineOf({ document, lines }: DocumentPlace, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return lines.linePos(document.range?.[0] ?? 0).line;
}
