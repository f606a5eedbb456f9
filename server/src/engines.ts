import type { Clock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import type { Engine, Retention } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/engine.ts';
import { SqliteEngine } from './engine/sqlite/engine.ts';

/** The engine that the settings choose. A new one is added here and nowhere else. */
export function createEngine(
  { engine, history }: Settings,
  clock: Clock,
  report: (thrown: unknown) => void,
): Engine {
  const retention: Retention = {
    windowSize: history.windowSize,
    windowTtl: history.windowTtl,
    historyTtl: history.ttl,
    idempotencyWindow: history.idempotencyWindow,
    channelTtl: history.channelTtl,
  };
  switch (engine.kind) {
    case 'memory':
      return new MemoryEngine({ retention, clock });
    case 'sqlite':
      return new SqliteEngine({
        path: engine.databasePath,
        durability: engine.durability,
        freeSpaceWarning: engine.freeSpaceWarning,
        retention,
        clock,
        report,
      });
  }
}
