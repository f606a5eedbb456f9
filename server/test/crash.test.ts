import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Load } from './support/load.ts';
import { Random } from './support/random.ts';

/*
 * What is acknowledged is never lost, however the server ends. Unique ids, publishers that send again what nobody
 * acknowledged, subscribers that resume; the books are kept by `Ledger`. A failure prints its seed.
 */

/** The same against a server with workers; its start takes longer, and so there are fewer of them. */
const workers = process.env.TEST_WORKERS;
const kills = workers === undefined ? 20 : 8;

interface Plan {
  readonly signal: NodeJS.Signals;
  readonly times: number;
  readonly env?: Readonly<Record<string, string>>;
}

async function endAndReturn(test: TestContext, { signal, times, env = {} }: Plan): Promise<void> {
  const random = new Random();
  await random.run(async () => {
    await using load = new Load(random, workers === undefined ? env : { ...env, WORKERS: workers });
    await load.start();
    for (let time = 0; time < times; time++) {
      const exit = await load.end(signal);
      assert.deepEqual(exit, signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal });
      if (time % 5 === 4) await load.startInVain();
      await load.start();
    }
    await load.settle();
    const { acknowledged, retried, epochs } = load.ledger;
    assert.equal(epochs.length, 1, 'the epoch survives');
    test.diagnostic(`${acknowledged} messages, ${retried} recognised when they were sent again`);
  });
}

describe('nothing acknowledged is lost or delivered twice', () => {
  it(`in ${kills} ends by kill -9`, (test) => endAndReturn(test, { signal: 'SIGKILL', times: kills }));

  it('in 3 ends by kill -9, with an fsync before every acknowledgement', (test) =>
    endAndReturn(test, { signal: 'SIGKILL', times: 3, env: { DURABILITY: 'disk' } }));

  it('in 3 ends by SIGTERM under load, each with exit code 0', (test) =>
    endAndReturn(test, { signal: 'SIGTERM', times: 3 }));
});
