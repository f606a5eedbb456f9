/** What makes the load publish. To be started once. */
export interface Driver {
  start(): void;
  /** No message from now on. */
  stop(): void;
  /** Forgets what was observed so far. */
  restart(): void;
  /** Why a publisher can publish no more, or null. */
  failure(): string | null;
  /** How late the load itself was, the 99th percentile in milliseconds. Null where nothing has a time. */
  lateness(): number | null;
}

interface Publishing {
  readonly complaint: string | null;
  readonly closed: string | null;
}

/** Why one of them can publish no more, or null. */
export function failureOf(publishers: readonly Publishing[]): string | null {
  const failed = publishers.find((one) => one.complaint !== null || one.closed !== null);
  return failed === undefined ? null : `a publisher was stopped: ${failed.complaint ?? failed.closed}`;
}
