import { Failure } from '../exit.ts';
import { shownUrl, type Target } from './target.ts';

const reasons = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'it hung up'],
  ['UND_ERR_SOCKET', 'it hung up'],
  ['EPIPE', 'it hung up'],
  ['ENOTFOUND', 'there is no host of this name'],
  ['EAI_AGAIN', 'the host name cannot be looked up at the moment'],
  ['ETIMEDOUT', 'it does not answer'],
  ['UND_ERR_CONNECT_TIMEOUT', 'it does not answer'],
  ['EHOSTUNREACH', 'there is no way to this host'],
  ['ENETUNREACH', 'there is no way to this network'],
  // What fetch says of ports that belong to other protocols: it blocks them.
  ['bad port', 'HTTP clients refuse this port'],
]);

/** What the operator is told when a connection cannot be made or breaks. */
export function unreachable(target: Target, thrown: unknown): Failure {
  const where = shownUrl(target);
  if (thrown instanceof Error && thrown.name === 'TimeoutError') {
    return new Failure(`${where} did not answer in time.\n  It may be overloaded: try again later.`);
  }
  return new Failure(`cannot connect to ${where}: ${reasonOf(thrown)}.\n  ${adviceFor(target, thrown)}`);
}

/** One short phrase, also for a connection that was there and broke. */
export function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown) || messageOf(thrown);
  const known = reasons.get(code);
  if (known !== undefined) return known;
  return isCertificateFault(code) ? `its certificate is not trusted (${code})` : code;
}

function adviceFor({ url }: Target, thrown: unknown): string {
  const code = codeOf(thrown);
  if (isCertificateFault(code)) return 'NODE_EXTRA_CA_CERTS names a file of more authorities to trust.';
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return 'Does it speak TLS? If not, write http://.';
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return local
    ? 'Is the server running? Start it with: fanwire serve. If it runs elsewhere, give --url (FANWIRE_URL).'
    : 'Is the server running, and is this its address? Give it by --url (FANWIRE_URL).';
}

/** `fetch` hides what happened in the cause, and several attempts in its errors. */
function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  const { code, cause } = thrown as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  return codeOf(cause);
}

/** The innermost message says most: `fetch failed` has "bad port" for its cause. */
function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'the connection broke';
  return thrown.cause instanceof Error ? messageOf(thrown.cause) : thrown.message;
}

function isCertificateFault(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
}
