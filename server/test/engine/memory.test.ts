import { engineConformance } from '../../src/engine/conformance.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { FakeClock } from '../support/fake-clock.ts';

engineConformance('memory', {
  capabilities: { durable: false },
  makeClock: () => new FakeClock(),
  open: async (options) => ({ engine: new MemoryEngine(options), dispose: async () => {} }),
});
