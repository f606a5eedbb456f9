import { levels } from 'pino';

/** What a terminal would take for more than text: control characters, and what turns the direction of writing. */
const unprintable = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const colours: Readonly<Record<string, string>> = { warn: '\x1b[33m', error: '\x1b[31m', fatal: '\x1b[31m' };
const dim = '\x1b[2m';
const plain = '\x1b[0m';

/** One line of the log, which is JSON, for people: time, level, text, and the fields as name=value. */
export function textLine(json: string, coloured: boolean): string {
  const { level, time, msg, error, ...fields } = JSON.parse(json);
  const name = levels.labels[level] ?? String(level);
  const paint = (colour: string, text: string): string =>
    coloured && text !== '' ? `${colour}${text}${plain}` : text;
  const rest = Object.entries(fields).map(([key, value]) => `${shown(key)}=${shown(value)}`);
  const parts = [
    paint(dim, clock(time)),
    paint(colours[name] ?? '', name.padEnd(5)),
    escaped(String(msg ?? '')),
    paint(dim, rest.join(' ')),
  ];
  return `${parts.filter((part) => part !== '').join(' ')}${fault(error)}\n`;
}

/** `14:03:07.123`, by the clock of the machine. */
function clock(time: string): string {
  const at = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const whole = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${whole}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** As it is where that is one word, else as JSON. */
function shown(value: unknown): string {
  const text = typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value);
  return escaped(text ?? String(value));
}

/** A fault with its stack, on lines of its own. */
function fault(error: unknown): string {
  if (error === undefined) return '';
  const { stack, message } = Object(error) as { readonly stack?: string; readonly message?: string };
  const lines = (stack ?? message ?? shown(error)).split('\n').map((line) => `  ${escaped(line)}`);
  return `\n${lines.join('\n')}`;
}

function escaped(text: string): string {
  return text
    .replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1));
}
