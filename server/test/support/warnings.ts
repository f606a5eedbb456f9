import type { Log } from '../../src/transport/node.ts';

/** A log of which only the warnings are kept. */
export function warnings() {
  const lines: Record<string, unknown>[] = [];
  const never = (): void => {};
  const warn = (fields: object, text: string): void => void lines.push({ ...fields, text });
  const log: Log = {
    debug: never,
    info: never,
    error: never,
    warn,
    isLevelEnabled: (level) => level === 'warn',
  };
  return { log, lines };
}

/** The header by which a proxy on this machine says whom it speaks for. */
export function from(address: string): Record<string, string> {
  return { 'x-forwarded-for': address };
}
