import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineConformance } from '../../src/engine/conformance.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** In memory where there is such a place: hundreds of files are opened and synced, and none has to survive. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

engineConformance('sqlite', {
  capabilities: { durable: true },
  makeClock: () => new FakeClock(),
  open: async ({ retention, clock }) => {
    const directory = mkdtempSync(join(place, 'fanwire-engine-'));
    const make = (): SqliteEngine =>
      new SqliteEngine({
        path: join(directory, 'chat.db'),
        durability: 'process',
        retention,
        clock,
        report: (thrown) => {
          throw thrown;
        },
      });
    return {
      engine: make(),
      reopen: async () => make(),
      dispose: async () => rmSync(directory, { recursive: true }),
    };
  },
});
