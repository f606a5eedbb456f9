/** Threads that serve connections in the second pass. */
export const workers = 2;

/**
 * The tests that run a second time, against servers with several workers: where it matters that connections are on
 * different threads. Each server takes longer to start, so these are not all.
 */
export const testsWithWorkers: readonly string[] = [
  // What is acknowledged is kept, once, and comes again.
  'server/test/crash.test.ts',
  'server/test/dialect/recovery-boundary.test.ts',
  'server/test/dialect/recovery-epoch.test.ts',
  'server/test/dialect/recovery-live.test.ts',
  'server/test/dialect/recovery-long.test.ts',
  'server/test/dialect/recovery-table.test.ts',
  'server/test/dialect/events-resume.test.ts',
  // One order for everybody, of what is published and of who comes and goes.
  'server/test/dialect/common-order.test.ts',
  'server/test/dialect/channel-races.test.ts',
  'server/test/dialect/channel-presence.test.ts',
  'server/test/dialect/room-presence.test.ts',
  'server/test/dialect/chat-delete.test.ts',
  'server/test/dialect/chat-rooms.test.ts',
  // What one says holds on all threads: places, kicks, deletion, revocation.
  'server/test/dialect/relay-entrance.test.ts',
  'server/test/dialect/common-removal.test.ts',
  'server/test/dialect/common-ids.test.ts',
  'server/test/api/removal.test.ts',
  'server/test/api/revocation.test.ts',
  'server/test/hostile/slow-readers.test.ts',
];
