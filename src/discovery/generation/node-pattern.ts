// Which nodes a scope speaks about.

/**
 * True when a node id matches one of the patterns. `*` stands for any text, also none; everything else for itself.
 *
 * @param patterns undefined: every node
 */
export function matchesNode(patterns: readonly string[] | undefined, nodeId: string): boolean {
  return patterns === undefined || patterns.some((pattern) => matches(pattern, nodeId));
}

function matches(pattern: string, nodeId: string): boolean {
  const parts = pattern.split('*');
  const last = parts.pop() ?? '';
  if (parts.length === 0) return nodeId === last;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const found = nodeId.indexOf(part, at);
    if (index === 0 && found !== 0) return false; // the text before the first star is a prefix
    if (found < 0) return false;
    at = found + part.length;
  }
  return nodeId.length - last.length >= at && nodeId.endsWith(last);
}
