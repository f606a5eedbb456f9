import { field, isObject } from '../../json.ts';
import { Failure } from '../exit.ts';
import { printable } from '../output/text.ts';
import { shownUrl, type Target } from './target.ts';

/** The server's answer to a request or an upgrade that it refused. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds of `Retry-After`, if there was one. */
  readonly retryAfter: number | undefined;
}

/** Reads the common error shape; null for an answer in any other, which no Fanwire server gave. */
export function parseRefusal(status: number, body: string, retryAfter: string | null): Refusal | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const error = isObject(parsed) ? field(parsed, 'error') : undefined;
  if (!isObject(error)) return null;
  const [code, message] = [field(error, 'code'), field(error, 'message')];
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return { status, code: printable(code), message: printable(message), retryAfter: seconds };
}

/** A refusal as the operator is told of it. */
export class RefusedByServer extends Failure {
  readonly code: string;

  constructor({ code }: Refusal, message: string) {
    super(message);
    this.code = code;
  }
}

/** What to do about a status, where the command knows better. */
export type Advice = Readonly<Record<number, string>>;

/** What the operator is told of a refusal: what the server said, and what to do. */
export function refused(target: Target, refusal: Refusal, known: Advice = {}): RefusedByServer {
  const { status, code, message, retryAfter } = refusal;
  const advice = known[status] ?? adviceFor(target, status, retryAfter);
  return new RefusedByServer(
    refusal,
    `${message} (${status} ${code})${advice === '' ? '' : `\n  ${advice}`}`,
  );
}

function adviceFor({ known }: Target, status: number, retryAfter: number | undefined): string {
  switch (status) {
    case 401:
      return known
        ? 'The server does not take these credentials: check --api-key (FANWIRE_API_KEY) and --token (FANWIRE_TOKEN).'
        : 'Give credentials by --api-key (FANWIRE_API_KEY) or --token (FANWIRE_TOKEN).';
    case 403:
      return known
        ? 'These credentials do not allow it.'
        : 'If it takes credentials, give them by --api-key (FANWIRE_API_KEY) or --token (FANWIRE_TOKEN).';
    case 404:
      return 'Is --url (FANWIRE_URL) the address of a Fanwire server, of this version?';
    case 429:
    case 503:
      return retryAfter === undefined ? 'Try again later.' : `Try again in ${retryAfter} s.`;
    case 500:
      return 'This is a fault of the server; its log has the details.';
    default:
      return '';
  }
}

/** Whatever answered, it is not the HTTP API. */
export function strangeAnswer(target: Target, status: number): Failure {
  return new Failure(
    `${shownUrl(target)} answered ${status}, but not as a Fanwire server does. Is it the right --url?`,
  );
}
