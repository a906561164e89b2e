// The few forms of Markdown the report is made of.

export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

function cellText(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}

/** @param sentence shown as it is, whatever signs are in it */
export function link(sentence: string, target: string): string {
  return `[${plain(sentence)}](${target})`;
}

/** A text without brackets, HTML and emphasis of its own. */
function plain(text: string): string {
  return text.replaceAll(/[[\]<>*_`\\]/g, String.raw`\$&`);
}

/** Each of the names that stand together by itself. */
export function code(names: string): string {
  return names
    .split(', ')
    .map((name) => `\`${name}\``)
    .join(', ');
}

/** A heading as the target of a link, as GitHub makes it. */
export function anchor(title: string): string {
  return `#${title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')}`;
}
