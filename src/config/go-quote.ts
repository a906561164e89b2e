// Go's quoted texts. JSON is no substitute: Go has \a \v \x and octal escapes, whose values are bytes, and refuses
// \/ and lone surrogates.
// Upstream: Go strconv.Unquote, strconv.Quote.

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

const NAMES_OF_SIMPLE = new Map(Object.entries(SIMPLE).map(([name, value]) => [value, name]));

/** Go prints letters, marks, numbers, punctuation, symbols and the blank as they are. */
const TO_ESCAPE = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** The text between double quotes, as Go's `%q` writes it. */
export function goQuote(text: string): string {
  return `"${text.replaceAll(TO_ESCAPE, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"') return String.raw`\"`;
  const simple = NAMES_OF_SIMPLE.get(character);
  if (simple !== undefined) return `\\${simple}`;
  const code = character.codePointAt(0) ?? 0;
  const [letter, digits] = code < 0x80 ? ['x', 2] : code < 0x1_0000 ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).padStart(digits, '0')}`;
}

/** An escape, or a run of anything else but a backslash and a newline. */
const PIECE =
  /\\(?:x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([abfnrtv\\])|(["']))|([^\\\n]+)/y;

/** @returns undefined when Go would refuse the text */
export function goUnquote(text: string): string | undefined {
  const quote = text.charAt(0);
  const inner = text.slice(1, -1);
  if (text.length < 2 || !text.endsWith(quote)) return undefined;
  if (quote === '`') return inner.includes('`') ? undefined : inner.replaceAll('\r', '');
  if (quote !== '"' && quote !== "'") return undefined;
  const pieces = unescaped(inner, quote);
  if (pieces === undefined) return undefined;
  const isOneCharacter = pieces.length === 1 && (inner.startsWith('\\') || Array.from(inner).length === 1);
  const isWhole = quote === '"' || inner === '' || isOneCharacter; // Go takes '' too
  return isWhole ? textOf(Buffer.concat(pieces)) : undefined;
}

function unescaped(inner: string, quote: string): Buffer[] | undefined {
  const bytes: Buffer[] = [];
  const piece = new RegExp(PIECE);
  while (piece.lastIndex < inner.length) {
    const match = piece.exec(inner);
    const value = match === null ? undefined : pieceBytes(match, quote);
    if (value === undefined) return undefined;
    bytes.push(value);
  }
  return bytes;
}

function pieceBytes(match: RegExpExecArray, quote: string): Buffer | undefined {
  const [, hex, octal, short, long, simple, quoted, plain] = match;
  if (plain !== undefined) return plain.includes(quote) ? undefined : Buffer.from(plain);
  if (hex !== undefined) return Buffer.of(Number.parseInt(hex, 16));
  if (octal !== undefined) {
    const value = Number.parseInt(octal, 8);
    return value > 255 ? undefined : Buffer.of(value);
  }
  if (simple !== undefined) return Buffer.from(SIMPLE[simple] ?? '');
  if (quoted !== undefined) return quoted === quote ? Buffer.from(quoted) : undefined;
  const rune = Number.parseInt(short ?? long ?? '', 16);
  const surrogate = rune >= 0xd800 && rune <= 0xdfff;
  return surrogate || rune > 0x10ffff ? undefined : Buffer.from(String.fromCodePoint(rune));
}

/** A whole sequence of UTF-8 of more than one byte, or a byte that is part of none. One character is one byte. */
const SEQUENCE = new RegExp(
  [
    '[\\xc2-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}',
    '[\\x80-\\xff]',
  ].join('|'),
  'g',
);

/** UTF-8 as Go prints it: a replacement character for every byte that is no UTF-8, not one for several. */
function textOf(bytes: Buffer): string {
  const decoded = bytes.toString('utf8');
  if (!decoded.includes('\ufffd')) return decoded;
  return bytes
    .toString('latin1')
    .replaceAll(SEQUENCE, (sequence) =>
      sequence.length === 1 ? '\ufffd' : Buffer.from(sequence, 'latin1').toString('utf8'),
    );
}
