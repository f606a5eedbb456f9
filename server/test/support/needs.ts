import { join } from 'node:path';

/** What some tests need beyond npm. `npm test` installs it where it may. */
export const needs = ['sqlite3', 'curl', 'python', 'browser', 'nginx', 'caddy'] as const;
export type Need = (typeof needs)[number];

const root = join(import.meta.dirname, '../../..');

/** A virtual environment of our own, so that nothing is installed into the system's Python. */
export const pythonDirectory = join(root, 'node_modules/.cache/fanwire-python');
/** Libraries that people write clients with, and the modules that they are. */
export const pythonPackages = ['websockets', 'requests', 'httpx', 'httpx-sse', 'sseclient-py', 'aiohttp'];
export const pythonModules = ['websockets', 'requests', 'httpx', 'httpx_sse', 'sseclient', 'aiohttp'];
/** Python 3 with those. */
export const python = join(pythonDirectory, 'bin/python');
export const chromium = '/usr/bin/chromium';

/**
 * For the option `skip` of a test: a reason when the machine lacks one of these, else false. `npm test` says what is
 * lacking in FANWIRE_TEST_SKIP; without it everything counts as present, and a test that misses something fails.
 */
export function lacks(...wanted: readonly Need[]): string | false {
  const lacking = listed(process.env.FANWIRE_TEST_SKIP).filter((need) => wanted.includes(need));
  return lacking.length > 0 && `this machine lacks: ${lacking.join(', ')}`;
}

/** The needs that a value of FANWIRE_TEST_SKIP names. Throws for any other name. */
export function listed(value = ''): Need[] {
  const names = value.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '').map(needOf);
}

function needOf(name: string): Need {
  const need = needs.find((known) => known === name);
  if (need) return need;
  throw new Error(`FANWIRE_TEST_SKIP: "${name}" is none of ${needs.join(', ')}`);
}
