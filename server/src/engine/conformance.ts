import { describe, it } from 'node:test';
import { appendCases } from './conformance/append.ts';
import { catalogueCases } from './conformance/catalogue.ts';
import { clearingCases } from './conformance/clearing.ts';
import { clockCases } from './conformance/clock.ts';
import { deliveryCases } from './conformance/delivery.ts';
import { forgettingCases } from './conformance/forgetting.ts';
import { idempotencyCases } from './conformance/idempotency.ts';
import { type Case, type EngineFactory, Kit } from './conformance/kit.ts';
import { lifeCases } from './conformance/life.ts';
import { nameCases } from './conformance/names.ts';
import { presenceCases } from './conformance/presence.ts';
import { agreesWithModel } from './conformance/property.ts';
import { readCases } from './conformance/read.ts';
import { recoveryCases } from './conformance/recovery.ts';
import { removalCases } from './conformance/removal.ts';
import { retentionCases } from './conformance/retention.ts';
import { revocationCases } from './conformance/revocations.ts';
import { roomCases } from './conformance/rooms.ts';

export type { EngineFactory, EngineUnderTest, TestClock } from './conformance/kit.ts';

const RUNS = 250;

/** An engine that never answers fails its test instead of holding up the rest. Milliseconds. */
const TIMEOUT = 60_000;

const areas: Record<string, Case[]> = {
  append: appendCases,
  delivery: deliveryCases,
  idempotency: idempotencyCases,
  retention: retentionCases,
  clock: clockCases,
  recovery: recoveryCases,
  read: readCases,
  removal: removalCases,
  clearing: clearingCases,
  forgetting: forgettingCases,
  catalogue: catalogueCases,
  names: nameCases,
  presence: presenceCases,
  rooms: roomCases,
  revocations: revocationCases,
  life: lifeCases,
};

/**
 * Registers, with node:test, the tests that every engine has to pass: the guarantees of `engine.ts`, and the table
 * of PROTOCOLS.md, "History and recovery". Nothing in them knows which engine it is.
 */
export function engineConformance(name: string, factory: EngineFactory): void {
  refuseUnknownSkips(factory);
  describe(`${name}: engine conformance`, () => {
    for (const [area, cases] of Object.entries(areas)) {
      describe(area, () => {
        for (const one of cases) register(factory, one);
      });
    }
    it(modelTitle, { skip: factory.skips?.[modelTitle] ?? false, timeout: TIMEOUT }, () =>
      agreesWithModel(factory, RUNS),
    );
  });
}

const modelTitle = 'agrees with a naive model on any sequence of commands';

function register(factory: EngineFactory, { title, retention, durable, run }: Case): void {
  // What an engine does not claim is no test of it, so it is not a skipped one either.
  if (durable === true && !factory.capabilities.durable) return;
  it(title, { skip: factory.skips?.[title] ?? false, timeout: TIMEOUT }, async () => {
    await using kit = await Kit.open(factory, retention);
    await run(kit);
  });
}

/** A skip that no longer names a test would excuse nobody knows what. */
function refuseUnknownSkips({ skips = {} }: EngineFactory): void {
  const titles = [modelTitle, ...Object.values(areas).flatMap((cases) => cases.map(({ title }) => title))];
  const unique = new Set(titles);
  if (unique.size !== titles.length) throw new Error('Two conformance tests have the same title.');
  for (const title of Object.keys(skips)) {
    if (!unique.has(title)) throw new Error(`There is no conformance test "${title}" to skip.`);
  }
}
