import { looseName } from '../parameters.ts';

const secretParameters: ReadonlySet<string> = new Set(
  ['token', 'api_key', 'ticket', 'last_event_id'].map(looseName),
);

/** What may stand right before a parameter's name inside one part of a query. */
const beforeName = '?#;/';

/**
 * A URL for logs: the values of `token`, `api_key`, `ticket` and `last_event_id` become `[redacted]`, however
 * their names are written (upper case, percent-encoded, `lastEventId`) and wherever they stand, also in text that is no URL.
 * Never throws. Where it is in doubt it hides too much.
 */
export function redact(url: string): string {
  return url.split('&').map(redactPart).join('&');
}

function redactPart(part: string): string {
  let at = part.indexOf('=');
  let from = 0;
  while (at !== -1) {
    if (isSecret(part.slice(from, at))) return `${part.slice(0, at)}=[redacted]`;
    from = at + 1;
    at = part.indexOf('=', from);
  }
  return part;
}

function isSecret(text: string): boolean {
  let start = text.length;
  while (start > 0 && !beforeName.includes(text.charAt(start - 1))) start--;
  return secretParameters.has(looseName(decode(text.slice(start)).trim()));
}

/** As URLSearchParams does for ASCII; a broken escape stays as it is. */
function decode(name: string): string {
  return name
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
