/** Words that secrets of people are made of; the longest that fits is taken. */
const words =
  'secret password passwort passphrase change changeit changeme admin administrator root user token jwt key apikey api ' +
  'access auth private public super my your our the this that for and not with default example sample test testing ' +
  'production prod development dev staging local localhost server service backend frontend client app application ' +
  'web site company project demo welcome hello world qwerty letmein login master signing sign session cookie bearer ' +
  'please dont share use long very strong secure security random string text value here insert replace bits bytes ' +
  'characters char hs256 sha256 hmac fanwire websocket chat room message dragon monkey football iloveyou sunshine';
const wordList = [...new Set(words.split(' '))].sort((a, b) => b.length - a.length);
const rows = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm', 'azertyuiop', '1234567890'];
const runs = [...rows, ...rows.map((row) => [...row].reverse().join(''))];

/** Characters that are looked at: more of them make nothing weaker. */
const longest = 256;
/** What a part costs whose choice is one of few: bits, besides those of its length. */
const wordBits = 8;
const runBits = 5;
const separatorBits = 2;
/** Of a letter in something that looks like a word, as of running text. */
const proseBits = 2.2;

/**
 * How many bits of guessing a text is worth, at most about. A secret that a program made comes out near its length;
 * repetitions, sequences, rows of keys and common words count for little, however long they make it. It takes well
 * under a millisecond, where a general estimator with its dictionaries takes a third of a second of the start.
 */
export function strengthOf(text: string): number {
  const read = text.slice(0, longest);
  const lower = read.toLowerCase();
  const perCharacter = Math.log2(alphabetOf(read));
  const least = [0, ...Array.from(read, () => Number.POSITIVE_INFINITY)];
  const reach = (end: number, bits: number): void => {
    least[end] = Math.min(least[end] ?? bits, bits);
  };
  for (let at = 0; at < read.length; at++) {
    const before = least[at] ?? 0;
    reach(at + 1, before + perCharacter);
    for (const { length, bits } of partsAt(read, lower, at)) reach(at + length, before + bits);
  }
  return least[read.length] ?? 0;
}

interface Part {
  readonly length: number;
  readonly bits: number;
}

/** The parts that begin here and are cheaper than their characters one by one. */
function partsAt(text: string, lower: string, at: number): Part[] {
  const parts = [repeated(lower, at), sequence(lower, at), keyRow(lower, at), word(lower, at)];
  return [...parts.filter((part) => part !== null), ...prose(text, at), ...separator(lower, at)];
}

/** What stood before, from three characters on; it may reach into itself, as in `aaaa`. */
function repeated(lower: string, at: number): Part | null {
  let found = 0;
  for (let from = 0; from < at; from++) {
    let length = 0;
    while (at + length < lower.length && lower[from + length] === lower[at + length]) length++;
    found = Math.max(found, length);
  }
  return found < 3 ? null : { length: found, bits: Math.log2(at + 1) + Math.log2(found) };
}

/** `abcd`, `4321`: from four characters on. */
function sequence(lower: string, at: number): Part | null {
  const step = lower.charCodeAt(at + 1) - lower.charCodeAt(at);
  if (Math.abs(step) > 1) return null;
  let length = 1;
  while (lower.charCodeAt(at + length) - lower.charCodeAt(at + length - 1) === step) length++;
  return length < 4 ? null : { length, bits: runBits + Math.log2(length) };
}

function keyRow(lower: string, at: number): Part | null {
  let found = 0;
  for (const row of runs) {
    const start = row.indexOf(lower[at] ?? '');
    if (start < 0) continue;
    let length = 1;
    while (start + length < row.length && lower[at + length] === row[start + length]) length++;
    found = Math.max(found, length);
  }
  return found < 4 ? null : { length: found, bits: runBits + Math.log2(found) };
}

function word(lower: string, at: number): Part | null {
  const found = wordList.find((candidate) => lower.startsWith(candidate, at));
  return found === undefined ? null : { length: found.length, bits: wordBits };
}

const vowel = /[aeiouy]/i;
const wordLike = /(?:[A-Z]?[a-z]{3,}|[A-Z]{4,})/y;

/** Letters of one case, at least four, among them a vowel; each beginning of them. */
function prose(text: string, at: number): Part[] {
  wordLike.lastIndex = at;
  const letters = wordLike.exec(text)?.[0] ?? '';
  const parts: Part[] = [];
  for (let length = 4; length <= letters.length; length++) {
    if (vowel.test(letters.slice(0, length))) parts.push({ length, bits: length * proseBits });
  }
  return parts;
}

function separator(lower: string, at: number): Part[] {
  return /[-_ .,:/]/.test(lower[at] ?? '') ? [{ length: 1, bits: separatorBits }] : [];
}

function alphabetOf(text: string): number {
  if (/^[0-9a-f]*$/i.test(text)) return /[a-f]/i.test(text) ? 16 : 10;
  const classes: [RegExp, number][] = [
    [/[0-9]/, 10],
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[^0-9a-zA-Z]/, 33],
  ];
  return classes.reduce((size, [pattern, more]) => size + (pattern.test(text) ? more : 0), 0);
}
