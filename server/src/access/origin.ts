import { StartError } from '../errors.ts';

export interface OriginOptions {
  /** Origins (`https://app.example.com`), or `*` for all; see parseOriginList. */
  readonly allowed: readonly string[];
  /** Outside production pages served from this machine pass as well. */
  readonly production: boolean;
  readonly own: OwnOrigins;
}

/** Which pages are this server's own. */
export interface OwnOrigins {
  /** `origin` is normalised, `host` the header of the same request as it came. */
  owns(origin: string, host: string | undefined): boolean;
}

/** What a page of another origin may do with an answer (CORS). */
export interface Cors {
  /**
   * The value for `Access-Control-Allow-Origin`: `*` only where the list says so, else the one origin (then the answer
   * needs `Vary: Origin`); null when the request has no Origin.
   */
  readonly corsOrigin: string | null;
  /**
   * Its origin is listed by itself: it may send what a browser adds (cookies), and any header. Never with `*`, nor for
   * who passes by being on this machine: any page would act in the visitor's name.
   */
  readonly listed: boolean;
}

export type OriginVerdict = ({ readonly ok: true } & Cors) | { readonly ok: false };

const everyone = '*';
/** Exactly what RFC 6454 lets an origin be; the URL parser alone would forgive paths, users and white space. */
const originPattern = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s\p{Cc}/?#@\\*,]+$/u;
/** A host name has at most 253 characters; a longer text is not worth parsing. */
const maxLength = 512;
const loopbackPattern = /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

/**
 * Which pages may talk to this server. Browsers do not apply the same-origin policy to WebSockets, so without
 * this any page could use the visitor's network position and credentials (cross-site WebSocket hijacking).
 */
export class OriginRule {
  readonly #allowed: ReadonlySet<string>;
  readonly #production: boolean;
  readonly #own: OwnOrigins;

  /** Throws a StartError for an entry that is not an origin. */
  constructor({ allowed, production, own }: OriginOptions) {
    this.#allowed = new Set(allowed.map((entry, at) => parseEntry(entry, at + 1)));
    this.#production = production;
    this.#own = own;
  }

  /**
   * `origin` and `host` are the headers as they came. No Origin means that it is not a browser's page; it
   * passes unless `required`. The string `null` (sandboxed frames, files) passes with `*` only.
   */
  check(
    origin: string | undefined,
    host: string | undefined,
    { required }: { required: boolean },
  ): OriginVerdict {
    if (origin === undefined) return required ? { ok: false } : { ok: true, corsOrigin: null, listed: false };
    if (this.#allowed.has(everyone)) return { ok: true, corsOrigin: everyone, listed: false };
    const normal = normaliseOrigin(origin);
    if (normal === null) return { ok: false };
    const listed = this.#allowed.has(normal);
    const passes = listed || this.#own.owns(normal, host) || this.#isLocalPage(normal);
    return passes ? { ok: true, corsOrigin: normal, listed } : { ok: false };
  }

  #isLocalPage(origin: string): boolean {
    return !this.#production && loopbackPattern.test(origin);
  }
}

/** The headers by which a browser hands an answer to a page of another origin. */
export function corsHeaders({ corsOrigin, listed }: Cors): [name: string, value: string][] {
  if (corsOrigin === null) return [];
  const allowed: [string, string] = ['Access-Control-Allow-Origin', corsOrigin];
  return listed ? [allowed, ['Access-Control-Allow-Credentials', 'true']] : [allowed];
}

/**
 * Reads ALLOWED_ORIGINS: origins separated by commas, normalised, or `*`. Throws a StartError that says which
 * entry is not an origin, and why.
 */
export function parseOriginList(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(',').map((entry, at) => parseEntry(entry.trim(), at + 1));
}

/**
 * Scheme and host in lower case, international names in ASCII, no default port; null for what is not an
 * origin. Two texts name the same origin if, and only if, they are equal after this.
 */
export function normaliseOrigin(text: string): string | null {
  if (text.length > maxLength || !originPattern.test(text)) return null;
  const url = URL.parse(text);
  if (url === null || url.host === '') return null;
  return `${url.protocol}//${url.host.toLowerCase()}`;
}

function parseEntry(entry: string, number: number): string {
  if (entry === everyone) return everyone;
  const normal = normaliseOrigin(entry);
  if (normal !== null) return normal;
  throw new StartError(
    `ALLOWED_ORIGINS: entry ${number}, "${entry}", ${entryProblem(entry)}. An origin is scheme, host and port only, such as https://app.example.com or http://localhost:5173; * alone allows every origin.`,
  );
}

function entryProblem(entry: string): string {
  if (entry === '') return 'is empty: remove the extra comma';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) return 'lacks a scheme such as https://';
  if (entry.includes('*')) return 'has a wildcard: list every origin by itself';
  const rest = entry.slice(entry.indexOf('://') + 3);
  if (rest.includes('@')) return 'has a user name';
  if (/[/?#\\]/.test(rest)) return 'has a path, query or final slash: remove it';
  return 'has no valid host and port';
}
