import { FanwireError } from '../errors.ts';
import { credentialParameters, Parameters } from '../parameters.ts';

/*
 * Readers for the parameters of an address. What they refuse is refused before the upgrade, with status 400.
 */

/** What the address of a WebSocket dialect may have: parameters of its own, and those of all. */
export function socketParameters(...own: readonly string[]): Parameters {
  return new Parameters([...own, 'echo', 'refusals', ...credentialParameters]);
}

/** Throws 400 for a parameter that is nearly right, or a way to be refused that there is not. */
export function checkParameters(url: URL, parameters: Parameters): void {
  parameters.check(url.searchParams.keys());
  const refusals = url.searchParams.get('refusals') ?? 'http';
  if (refusals !== 'frame' && refusals !== 'http') {
    throw badParameter('the query parameter "refusals" takes "frame" or "http"');
  }
}

/** A required query parameter that `check` accepts. */
export function requiredParameter(
  url: URL,
  name: string,
  check: (value: unknown, field: string) => string,
): string {
  const value = url.searchParams.get(name);
  if (value === null) throw badParameter(`the query parameter "${name}" is required`);
  return asParameter(() => check(value, name));
}

export function optionalParameter(
  url: URL,
  name: string,
  check: (value: unknown, field: string) => string,
): string | null {
  const value = url.searchParams.get(name);
  return value === null || value === '' ? null : asParameter(() => check(value, name));
}

/** true/false/1/0. */
export function flag(url: URL, name: string, fallback: boolean): boolean {
  const value = url.searchParams.get(name)?.toLowerCase();
  if (value === undefined) return fallback;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw badParameter(`the query parameter "${name}" takes true, false, 1 or 0`);
}

/** A percent-encoded segment of the path. */
export function segment(encoded: string, check: (value: unknown, field: string) => string): string {
  let value: string;
  try {
    value = decodeURIComponent(encoded);
  } catch {
    throw badParameter('the path is not valid percent-encoding');
  }
  return asParameter(() => check(value, 'room'));
}

export function badParameter(message: string): FanwireError {
  return new FanwireError('bad_request', message, { status: 400 });
}

/** The same checks serve frames and bodies, where a wrong value is 422. */
function asParameter<T>(check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    if (thrown instanceof FanwireError && thrown.code === 'bad_request') throw badParameter(thrown.message);
    throw thrown;
  }
}
