// The beginning of a text that may be long, for messages people read.

const SHOWN = 300;

/** The whole text, or its beginning and how long it is. */
export function excerpt(text: string, shown = SHOWN): string {
  if (text.length <= shown) return text;
  return `${text.slice(0, shown).replace(/\p{Surrogate}$/u, '')}… (${text.length} characters)`;
}
