import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { FanwireError, StartError } from '../../src/errors.ts';
import { Line, LineEnded } from '../../src/workers/line.ts';
import { eventually } from '../support/eventually.ts';

/** What the far end of the tests serves. */
class Service {
  readonly heard: unknown[] = [];
  readonly held = Promise.withResolvers<string>();

  echo(value: unknown): unknown {
    this.heard.push(value);
    return value;
  }

  async later(value: number): Promise<number> {
    this.heard.push(value);
    await setImmediate();
    return value;
  }

  wait(): Promise<string> {
    return this.held.promise;
  }

  refuse(): never {
    throw new FanwireError('forbidden', 'not you', { status: 418, details: { why: ['it'] } });
  }

  async refuseLater(): Promise<never> {
    throw new StartError('PORT: is in use');
  }

  break(): never {
    throw new TypeError('broken');
  }

  throwText(): never {
    throw 'a text';
  }

  unpassable(): unknown {
    return () => {};
  }

  async unpassableLater(): Promise<unknown> {
    return { inside: () => {} };
  }
}

/** Two ends of one line, of which the far one serves. */
class Ends implements Disposable {
  readonly service = new Service();
  readonly reported: { near: unknown[]; far: unknown[] } = { near: [], far: [] };
  readonly near: Line<Service>;
  readonly far: Line<Service>;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.near = new Line<Service>(port1, (thrown) => this.reported.near.push(thrown));
    this.far = new Line<Service>(port2, (thrown) => this.reported.far.push(thrown));
    this.far.serve(this.service);
  }

  [Symbol.dispose](): void {
    this.near.close();
    this.far.close();
  }
}

/** What came, for those who wait for an error. */
function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => assert.fail(`resolved to ${value}`),
    (thrown: unknown) => thrown,
  );
}

async function refusedAsGone(promise: Promise<unknown>): Promise<void> {
  const thrown = await thrownBy(promise);
  assert.ok(thrown instanceof LineEnded, String(thrown));
  assert.equal(thrown.code, 'unavailable');
}

describe('a line: calls', { timeout: 60_000 }, () => {
  it('are made in their order, casts among them, and answered in it', async () => {
    using ends = new Ends();
    const answered: unknown[] = [];
    const calls = Array.from({ length: 200 }, async (_, n) => {
      if (n % 3 === 0) ends.near.cast('echo', n);
      else answered.push(await ends.near.call('echo', n));
    });
    await Promise.all(calls);
    const order = Array.from({ length: 200 }, (_, n) => n);
    await ends.near.call('echo', 'last');
    assert.deepEqual(ends.service.heard, [...order, 'last']);
    assert.deepEqual(
      answered,
      order.filter((n) => n % 3 !== 0),
    );
  });

  it('that take time do not hold up others', async () => {
    using ends = new Ends();
    const waiting = ends.near.call('wait');
    assert.equal(await ends.near.call('later', 1), 1);
    ends.service.held.resolve('done');
    assert.equal(await waiting, 'done');
  });

  it('go both ways at once', async () => {
    using ends = new Ends();
    const other = new Service();
    ends.near.serve(other);
    const answers = await Promise.all([ends.near.call('later', 1), ends.far.call('later', 2)]);
    assert.deepEqual([answers, ends.service.heard, other.heard], [[1, 2], [1], [2]]);
  });

  it('pass what the structured clone passes', async () => {
    using ends = new Ends();
    const value = {
      set: new Set(['a']),
      map: new Map([['__proto__', 1]]),
      none: undefined,
      at: 2n,
      no: null,
    };
    assert.deepEqual(await ends.near.call('echo', value), value);
  });

  it('find their method in any of the objects that are served', async () => {
    using ends = new Ends();
    const more = { twice: (n: number) => n * 2 };
    ends.far.serve(ends.service, more);
    const line = ends.near as unknown as Line<Service & typeof more>;
    assert.deepEqual([await line.call('twice', 4), await line.call('echo', 1)], [8, 1]);
  });
});

describe('a line: errors', { timeout: 60_000 }, () => {
  it('a FanwireError comes as one, with code, status, text and details', async () => {
    using ends = new Ends();
    const thrown = await thrownBy(ends.near.call('refuse'));
    assert.ok(thrown instanceof FanwireError);
    const { code, status, message, details } = thrown;
    assert.deepEqual(
      { code, status, message, details },
      { code: 'forbidden', status: 418, message: 'not you', details: { why: ['it'] } },
    );
  });

  it('a StartError comes as one', async () => {
    using ends = new Ends();
    const thrown = await thrownBy(ends.near.call('refuseLater'));
    assert.ok(thrown instanceof StartError);
    assert.equal(thrown.message, 'PORT: is in use');
  });

  it('any other comes with its text and where it was thrown', async () => {
    using ends = new Ends();
    const thrown = await thrownBy(ends.near.call('break'));
    assert.ok(thrown instanceof Error && !(thrown instanceof FanwireError));
    assert.equal(thrown.message, 'broken');
    assert.match(String(thrown.stack), /Service\.break/);
    const text = await thrownBy(ends.near.call('throwText'));
    assert.ok(text instanceof Error);
    assert.equal(text.message, 'a text');
  });

  it('a method that nobody serves is one', async () => {
    using ends = new Ends();
    const thrown = await thrownBy(ends.far.call('echo', 1));
    assert.match(String(thrown), /nothing serves "echo"/);
  });

  it('of casts are reported where they were to be done', async () => {
    using ends = new Ends();
    ends.near.cast('break');
    ends.near.cast('refuseLater');
    await eventually(async () => ends.reported.far.length === 2, 'both are reported');
    assert.deepEqual(ends.reported.far.map(String), ['TypeError: broken', 'StartError: PORT: is in use']);
    assert.equal(await ends.near.call('later', 1), 1);
    assert.deepEqual(ends.reported.near, []);
  });

  it('an argument that cannot be passed fails that call only, and is reported for a cast', async () => {
    using ends = new Ends();
    const before = ends.near.call('later', 1);
    const thrown = await thrownBy(ends.near.call('echo', () => {}));
    assert.equal((thrown as Error).name, 'DataCloneError');
    ends.near.cast('echo', () => {});
    assert.deepEqual(
      ends.reported.near.map((one) => (one as Error).name),
      ['DataCloneError'],
    );
    assert.deepEqual([await before, await ends.near.call('later', 2)], [1, 2]);
    assert.deepEqual(ends.service.heard, [1, 2]);
  });

  it('an answer that cannot be passed fails that call only', async () => {
    using ends = new Ends();
    for (const method of ['unpassable', 'unpassableLater'] as const) {
      assert.match(String(await thrownBy(ends.near.call(method))), /could not be cloned/);
    }
    assert.equal(await ends.near.call('later', 1), 1);
    assert.deepEqual(ends.reported, { near: [], far: [] });
  });
});

describe('a line: the end', { timeout: 60_000 }, () => {
  for (const end of ['near', 'far'] as const) {
    it(`closed at the ${end} end, rejects what waits and what is asked later, at both`, async () => {
      using ends = new Ends();
      ends.near.serve(new Service());
      const waiting = [ends.near.call('wait'), ends.far.call('wait')];
      const refused = waiting.map(refusedAsGone);
      ends[end].close();
      await Promise.all(refused);
      await refusedAsGone(ends.near.call('echo', 1));
      await refusedAsGone(ends.far.call('echo', 1));
      ends.near.cast('echo', 2);
      ends.far.cast('echo', 2);
      ends[end].close();
      assert.deepEqual(ends.reported, { near: [], far: [] });
    });
  }

  it('an answer that comes too late to be sent is let go', async () => {
    using ends = new Ends();
    const refused = refusedAsGone(ends.near.call('wait'));
    await ends.near.call('echo', 1);
    ends.far.close();
    ends.service.held.resolve('late');
    await refused;
    assert.deepEqual(ends.reported, { near: [], far: [] });
  });
});
