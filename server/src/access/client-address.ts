import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';
import { type Address, Networks, parseAddress } from './networks.ts';

/** Where a client is. */
export interface ClientAddress {
  /** As it is shown: IPv4 within IPv6 as IPv4; '' for a socket that has none, or has closed. */
  readonly text: string;
  /** By which it is limited: an IPv6 address by its network of 64 bits, all of which one customer has. */
  readonly key: string;
  /** Null where there is none. */
  readonly address: Address | null;
  /** On this machine, and not somebody else's by way of a proxy here. */
  readonly isLocal: boolean;
}

/** What of a request says where it came from. */
export interface Arrival {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
}

export interface ClientAddressOptions {
  /** Peers whose `X-Forwarded-For` counts, as networks. */
  readonly trustedProxies: readonly string[];
  /** Hears once of a peer that sent the header and is not trusted. */
  readonly onUntrusted?: (peer: string) => void;
}

/** What was found out about a socket, and by which header. */
interface Known {
  readonly peer: ClientAddress;
  readonly header: string | undefined;
  readonly client: ClientAddress;
}

/** Proxies that one request may have come through. */
const maxHops = 32;
const networkBits = 64;

/**
 * Who is at the other end, behind proxies too. Anybody can write an `X-Forwarded-For`; each proxy adds at its end whom
 * it was asked by. So the header counts if it comes from a trusted peer, and is read from its end as far as those who
 * wrote it are trusted.
 */
export class ClientAddresses {
  readonly #trusted: Networks;
  #onUntrusted: ((peer: string) => void) | undefined;
  /** By socket: a proxy's connection carries many requests, and mostly of one client in a row. */
  readonly #known = new WeakMap<object, Known>();

  constructor({ trustedProxies, onUntrusted }: ClientAddressOptions) {
    this.#trusted = new Networks(trustedProxies);
    this.#onUntrusted = onUntrusted;
  }

  of({ socket, headers }: Arrival): ClientAddress {
    const header = forwardedFor(headers);
    const known = this.#known.get(socket);
    if (known !== undefined && known.header === header) return known.client;
    const peer = known?.peer ?? this.peer(socket);
    const client = header === undefined ? peer : this.#behind(peer, header);
    this.#known.set(socket, { peer, header, client });
    return client;
  }

  /** Who is connected to us, before anything was asked. */
  peer({ remoteAddress = '' }: Arrival['socket']): ClientAddress {
    return clientAddress(parseAddress(remoteAddress), { direct: true });
  }

  #behind(peer: ClientAddress, header: string): ClientAddress {
    if (!this.#trusts(peer.address)) {
      this.#onUntrusted?.(peer.text);
      this.#onUntrusted = undefined;
      return peer;
    }
    let nearest = peer.address;
    for (const entry of entriesFromEnd(header)) {
      const address = parseAddress(withoutPort(entry));
      if (address === null) break;
      nearest = address;
      if (!this.#trusts(address)) break;
    }
    return clientAddress(nearest, { direct: false });
  }

  /** A socket without an address is one of this machine (a file), like the proxy that uses it. */
  #trusts(address: Address | null): boolean {
    return this.#trusted.includes(address ?? loopback);
  }
}

const loopback = ipaddr.parse('127.0.0.1');

function clientAddress(address: Address | null, { direct }: { direct: boolean }): ClientAddress {
  const isLocal = direct && (address ?? loopback).range() === 'loopback';
  if (address === null) return { text: '', key: '', address, isLocal };
  const text = address.toString();
  return { text, key: address instanceof ipaddr.IPv6 ? networkOf(address) : text, address, isLocal };
}

function networkOf({ parts }: ipaddr.IPv6): string {
  const first = parts.slice(0, networkBits / 16).map((part) => part.toString(16));
  return `${first.join(':')}::/${networkBits}`;
}

function forwardedFor(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['x-forwarded-for'];
  return Array.isArray(value) ? value.join(',') : value;
}

/** From the last on, so many as may be; the text may be as long as headers may be. */
function* entriesFromEnd(header: string): Generator<string> {
  let end = header.length;
  for (let hops = 0; hops < maxHops && end >= 0; hops++) {
    const comma = end === 0 ? -1 : header.lastIndexOf(',', end - 1);
    yield header.slice(comma + 1, end).trim();
    end = comma;
  }
}

/** Some proxies write the port of their client as well: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const bracket = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1];
  return bracket ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}
