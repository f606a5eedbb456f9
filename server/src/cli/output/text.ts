/**
 * What a terminal would obey rather than show: control characters, and those that reverse the direction of text.
 * Names and messages come from strangers.
 */
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** A text for one line of a terminal. */
export function printable(text: string): string {
  return text.toWellFormed().replace(unprintable, escaped);
}

function escaped(character: string): string {
  const short = shortEscapes.get(character);
  return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const shortEscapes = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u;
const zero = /[\p{M}\u200b-\u200d]/u;
const ascii = /^[\x20-\x7e]*$/;

/** Columns that a printable text takes on a terminal, as nearly as can be told without asking it. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += zero.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** Lines of at most `width` columns, broken at spaces; a longer word is a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
