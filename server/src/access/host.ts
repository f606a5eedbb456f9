import { isIP } from 'node:net';
import { FanwireError, StartError } from '../errors.ts';
import { normaliseOrigin, type OwnOrigins } from './origin.ts';
import type { Principal } from './principal.ts';

export interface HostOptions {
  /** Every Host is answered, and only names that were set are this server's own. */
  readonly production: boolean;
  /** Where it listens (HOST). */
  readonly listen: string;
  /** PUBLIC_URL; null = not set. */
  readonly publicUrl: string | null;
  /** ALLOWED_HOSTS, see parseHostList. */
  readonly allowed: readonly string[];
}

const hostPattern = /^[^\s\p{Cc}/?#@\\*,]+$/u;
/** A host name has at most 253 characters; a longer text is not worth parsing. */
const maxLength = 300;

/**
 * By which names this server is asked. The attack: a page of evil.example whose name is bound anew to 127.0.0.1 (DNS
 * rebinding) is of the same origin as whatever it then asks there, so that its Origin proves nothing. What it cannot
 * have is a Host that is ours. Names that nobody can bind anew are known: loopback names and IP addresses; others have
 * to be set.
 */
export class HostRule implements OwnOrigins {
  readonly #production: boolean;
  /** Names without their ports. */
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ production, listen, publicUrl, allowed }: HostOptions) {
    this.#production = production;
    const said = [...allowed, ...(publicUrl === null ? [] : [new URL(publicUrl).host])];
    const names = production ? said : [...said, listen.includes(':') ? `[${listen}]` : listen];
    this.#names = new Set(names.flatMap((name) => hostName(name) ?? []));
    const origins = [...allowed.flatMap((host) => [`https://${host}`, `http://${host}`]), publicUrl ?? ''];
    this.#origins = new Set(origins.flatMap((origin) => originOf(origin) ?? []));
  }

  /** Whether requests by this Host, as the header came, are answered whoever sends them; a browser always has one. */
  answers(host: string | undefined): boolean {
    return this.#production || host === undefined || host === '' || this.#isOurs(host);
  }

  /** Whether a page of this origin, which is normalised, is one of this server's own. */
  owns(origin: string, host: string | undefined): boolean {
    if (this.#origins.has(origin)) return true;
    if (host === undefined || !this.#isOurs(host)) return false;
    return origin === normaliseOrigin(`https://${host}`) || origin === normaliseOrigin(`http://${host}`);
  }

  /**
   * Who asks by a Host that is not answered. Only who has a valid credential may: no page that got here by a name bound
   * anew has one. Throws `misdirected`.
   */
  async identify(host: string | undefined, authenticated: Promise<Principal>): Promise<Principal> {
    try {
      return await authenticated;
    } catch (thrown) {
      if (!(thrown instanceof FanwireError) || thrown.code !== 'unauthorized') throw thrown;
      const name = JSON.stringify((host ?? '').slice(0, 100));
      throw new FanwireError(
        'misdirected',
        `this server does not go by the Host ${name}: add it to ALLOWED_HOSTS, or present a valid credential`,
      );
    }
  }

  #isOurs(host: string): boolean {
    const name = hostName(host);
    if (name === null) return false;
    return this.#names.has(name) || (!this.#production && cannotBeRebound(name));
  }
}

/** Reads ALLOWED_HOSTS: names, each with or without a port, separated by commas. Throws a StartError. */
export function parseHostList(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(',').map((entry, at) => {
    const host = entry.trim().toLowerCase();
    if (hostName(host) !== null) return host;
    throw new StartError(
      `ALLOWED_HOSTS: entry ${at + 1}, ${JSON.stringify(host)}, is no host name: write names such as fan.example.com, without https:// and without *.`,
    );
  });
}

/** Lower case, international names in ASCII, without port and final dot; null for what is no host. */
function hostName(host: string): string | null {
  if (host.length > maxLength || !hostPattern.test(host)) return null;
  const name = URL.parse(`http://${host}`)?.hostname.replace(/\.$/, '') ?? '';
  return name === '' ? null : name;
}

/** Browsers resolve `localhost`, and what is below it, by themselves (RFC 6761, 6.3); addresses are not resolved. */
function cannotBeRebound(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

function originOf(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed === null || parsed.host === '' ? null : normaliseOrigin(`${parsed.protocol}//${parsed.host}`);
}
