import type { Clock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import type { Engine, Retention } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/engine.ts';
import { SqliteEngine } from './engine/sqlite/engine.ts';

/** The engine that the settings choose. A new one is added here and nowhere else. */
export function createEngine(
  { engine, history, quotas }: Settings,
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
  const storage = { total: quotas.databaseBytes, channel: quotas.channelBytes, account: quotas.userBytes };
  switch (engine.kind) {
    case 'memory':
      return new MemoryEngine({ retention, clock, storage });
    case 'sqlite':
      return new SqliteEngine({
        path: engine.databasePath,
        durability: engine.durability,
        freeSpaceWarning: engine.freeSpaceWarning,
        retention,
        storage,
        clock,
        report,
      });
  }
}
