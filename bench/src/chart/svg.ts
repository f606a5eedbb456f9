/** Attributes of an element. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Of a kind of text: what its element needs, and how wide it may be. */
export interface Lettering {
  readonly size: number;
  readonly weight: 400 | 600;
  readonly fill: string;
}

/** Of a character, over the size of the letters. Nobody knows the reader's font: these are of a wide one, DejaVu Sans. */
const CHARACTER_WIDTHS = { 400: 0.57, 600: 0.64 };

/** What XML has no place for, not even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(IMPOSSIBLE, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** `content` is SVG already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const open = `<${name}${written.join('')}`;
  return content.length === 0 ? `${open}/>` : `${open}>${content.join('')}</${name}>`;
}

/** `y` is the line that the letters stand on. */
export function text(
  said: string,
  x: number,
  y: number,
  lettering: Lettering,
  anchor: 'start' | 'end' = 'start',
): string {
  const place = { x: tenth(x), y: tenth(y), ...(anchor === 'end' ? { 'text-anchor': anchor } : {}) };
  return element('text', { ...place, ...look(lettering) }, escaped(said));
}

/** A part of a text, so far from the one before it. */
export function letters(said: string, lettering: Lettering, distance = 0): string {
  return element('tspan', { ...(distance > 0 ? { dx: distance } : {}), ...look(lettering) }, escaped(said));
}

function look({ size, weight, fill }: Lettering): Attributes {
  return { 'font-size': size, 'font-weight': weight, fill };
}

/** Coordinates with one decimal. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** About how wide a text is, on the side of too wide. */
export function widthOf(said: string, { size, weight }: Lettering): number {
  return said.length * size * CHARACTER_WIDTHS[weight];
}

/** A text that is too long ends with three dots. */
export function fitted(said: string, width: number, lettering: Lettering): string {
  if (widthOf(said, lettering) <= width) return said;
  return `${said.slice(0, Math.floor(width / widthOf(' ', lettering)) - 1).trimEnd()}…`;
}

/** Lines, broken between words. */
export function wrapped(said: string, width: number, lettering: Lettering): string[] {
  const lines: string[] = [];
  for (const word of said.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer, lettering) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => fitted(line, width, lettering));
}
