import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineConformance } from '../../src/engine/conformance.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HostedEngine } from '../support/hosted-engine.ts';

/** In memory where there is such a place: hundreds of files are opened and synced, and none has to survive. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

engineConformance('memory, served to a worker', {
  capabilities: { durable: false },
  makeClock: () => new FakeClock(),
  open: async (options) => {
    const engine = new HostedEngine(new MemoryEngine(options), options.clock);
    return { engine, dispose: async () => engine[Symbol.dispose]() };
  },
});

engineConformance('sqlite, served to a worker', {
  capabilities: { durable: true },
  makeClock: () => new FakeClock(),
  open: async ({ retention, clock }) => {
    const directory = mkdtempSync(join(place, 'fanwire-hosted-'));
    const made: HostedEngine[] = [];
    const make = (): Engine => {
      const inner = new SqliteEngine({
        path: join(directory, 'chat.db'),
        durability: 'process',
        retention,
        clock,
        report: (thrown) => {
          throw thrown;
        },
      });
      const engine = new HostedEngine(inner, clock);
      made.push(engine);
      return engine;
    };
    return {
      engine: make(),
      reopen: async () => make(),
      dispose: async () => {
        for (const engine of made) engine[Symbol.dispose]();
        rmSync(directory, { recursive: true });
      },
    };
  },
});
