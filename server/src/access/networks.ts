import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { StartError } from '../errors.ts';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** What proxies are trusted by default: this machine, and what is routed on no public network. */
export const privateNetworks: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/** An address as it is written, IPv4 within IPv6 (`::ffff:192.0.2.1`) as IPv4; null for any other text. */
export function parseAddress(text: string): Address | null {
  // The library alone takes shorter and octal forms, by which two texts would be one address here and two elsewhere.
  return isIP(text) === 0 ? null : ipaddr.process(text);
}

/** Networks by their first address and length. */
export class Networks {
  readonly #ranges: readonly [Address, number][];

  /** Throws a StartError for an entry that is no network. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map((text) => parseNetwork(text, 'network'));
  }

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  includes(address: Address): boolean {
    return this.#ranges.some(([first, bits]) => {
      // Those of the other family are no error to look for.
      return first.kind() === address.kind() && address.match(first, bits);
    });
  }
}

/** Reads a setting: networks and addresses separated by commas. Throws a StartError that says which entry is none. */
export function parseNetworkList(setting: string, text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(',').map((entry, at) => {
    const [first, bits] = parseNetwork(entry.trim(), `${setting}: entry ${at + 1}`);
    return `${first}/${bits}`;
  });
}

/** `name` is what an error calls it by. */
function parseNetwork(text: string, name: string): [Address, number] {
  const [address = '', length, ...rest] = text.split('/');
  const whole = isIP(address) === 4 ? 32 : 128;
  const bits = length === undefined ? whole : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (isIP(address) === 0 || address.includes('%') || bits < 0 || bits > whole || rest.length > 0) {
    throw new StartError(
      `${name}, "${text.slice(0, 60)}", is no network: write an address, or its beginning and a length, such as 10.0.0.0/8 or 2001:db8::/32`,
    );
  }
  return normal(ipaddr.parse(address), bits);
}

/** IPv4 within IPv6 is IPv4 here, as the addresses are that it is compared with. */
function normal(first: Address, bits: number): [Address, number] {
  if (first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress() && bits >= 96)
    return [first.toIPv4Address(), bits - 96];
  return [first, bits];
}
