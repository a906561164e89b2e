// The configuration files of a running agent. A file that vanishes or no longer parses must not take its settings
// along: until it is right again it keeps the content it last had. What was never there stays absent.

import { messageOf } from '../runtime/errors.ts';
import { parseDownwardApi, POD_ANNOTATIONS_PATH, POD_LABELS_PATH, type ReadText } from './pod-info.ts';
import { layerProxyConfig } from './proxy-config/layers.ts';

interface Known {
  readonly text: string;
  /** Why the file is of no use now, as it was told; undefined: it is. */
  readonly problem?: string;
}

/**
 * Reads as `read` does, but gives a file's last good content while it is missing, unreadable or cannot be parsed.
 *
 * @param meshPath the mesh file; the pod's labels and annotations are known by their paths
 * @param warn is told when a file begins to be kept, and again when the reason is another
 */
export function steadyText(read: ReadText, meshPath: string, warn: (message: string) => void): ReadText {
  const known = new Map<string, Known>();
  const checks = new Map<string, (text: string) => unknown>([
    [POD_LABELS_PATH, parseDownwardApi],
    [POD_ANNOTATIONS_PATH, parseDownwardApi],
    [meshPath, (file) => layerProxyConfig({ file, environment: '', annotation: '' })],
  ]);
  return async (path) => {
    const last = known.get(path);
    let text: string | undefined;
    let problem: string | undefined;
    try {
      text = await read(path);
      problem = problemOf(text, checks.get(path));
    } catch (error) {
      if (last === undefined) throw error;
      problem = messageOf(error);
    }
    if (text !== undefined && problem === undefined) known.set(path, { text });
    if (last === undefined || problem === undefined) return text;
    if (problem !== last.problem) warn(`${path}: ${problem}; what it said before stays in effect`);
    known.set(path, { text: last.text, problem });
    return last.text;
  };
}

function problemOf(text: string | undefined, check?: (text: string) => unknown): string | undefined {
  if (text === undefined) return 'the file is gone';
  try {
    check?.(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
