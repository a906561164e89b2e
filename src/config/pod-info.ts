// The pod's labels and annotations as the kubelet writes them into files: one `key="value"` per line, the value in
// Go's double quotes. Watching the files is not done here.
// Upstream: pkg/bootstrap/config.go ParseDownwardAPI.

import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { TextMap } from '../runtime/json.ts';
import { excerpt } from '../runtime/excerpt.ts';
import { goUnquote } from './go-quote.ts';
import { warning, type Notice } from './notices.ts';

/** Relative to the working directory, which is `/` in the image. */
export const POD_LABELS_PATH = './etc/istio/pod/labels';
export const POD_ANNOTATIONS_PATH = './etc/istio/pod/annotations';

/** The text of a file; undefined when there is none. Rejects when it is there but cannot be read. */
export type ReadText = (path: string) => Promise<string | undefined>;

export interface PodInfo {
  /** Undefined when the file is absent or of no use, which differs from a pod without labels. */
  readonly labels: TextMap | undefined;
  readonly annotations: TextMap | undefined;
  readonly notices: readonly Notice[];
}

export async function readPodInfo(readText: ReadText): Promise<PodInfo> {
  const notices: Notice[] = [];
  const labels = await readFields('labels', POD_LABELS_PATH, readText, notices);
  const annotations = await readFields('annotations', POD_ANNOTATIONS_PATH, readText, notices);
  return { labels, annotations, notices };
}

async function readFields(
  what: string,
  path: string,
  readText: ReadText,
  notices: Notice[],
): Promise<TextMap | undefined> {
  try {
    const text = await readText(path);
    if (text !== undefined) return parseDownwardApi(text);
    notices.push({ level: 'debug', message: `no pod ${what}: ${path} does not exist` });
  } catch (error) {
    const place = error instanceof UnquoteError ? `line ${error.line}; ` : '';
    const effect = `${place}${path} counts as absent`;
    notices.push(warning(`failed to read pod ${what}: ${messageOf(error)} (${effect})`));
  }
  return undefined;
}

/** A value that is not in Go's quotes, told in the reference's words. */
export class UnquoteError extends ConfigError {
  /** From 1. */
  readonly line: number;

  constructor(raw: string, line: number) {
    super(`failed to unquote ${visible(raw)}: invalid syntax`);
    this.line = line;
  }
}

/** A carriage return at the end of a line is what nobody sees. */
function visible(raw: string): string {
  return excerpt(raw.replaceAll(/\p{Cc}/gu, (found) => JSON.stringify(found).slice(1, -1)));
}

/**
 * Lines without `=` are skipped; of two equal keys the last counts.
 *
 * @throws UnquoteError: one bad value rejects the whole file
 */
export function parseDownwardApi(text: string): TextMap {
  const fields = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const raw = line.slice(equals + 1);
    const value = goUnquote(raw);
    if (value === undefined) throw new UnquoteError(raw, index + 1);
    fields.set(line.slice(0, equals), value);
  }
  return Object.fromEntries(fields);
}
