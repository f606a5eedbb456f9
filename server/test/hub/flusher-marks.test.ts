import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { Flusher } from '../../src/hub/flusher.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';
import { stopTime } from '../support/stop-time.ts';

/**
 * What happens: somebody is marked, maybe twice over while written to, a crowd is given a batch, a tick ends, or a turn
 * of the event loop.
 */
type Act =
  | { readonly mark: readonly number[]; readonly urgent: boolean; readonly again: boolean }
  | 'crowd'
  | 'tick'
  | 'turn';

const size = 40;
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      mark: fc.subarray(
        Array.from({ length: size }, (_, n) => n),
        { minLength: 1 },
      ),
      urgent: fc.boolean(),
      again: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant('crowd' as const) },
  { weight: 2, arbitrary: fc.constant('tick' as const) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
);

/** A flusher, and books about who waits since when. */
class Books {
  readonly flusher = new Flusher();
  /** When each was last marked and not yet written to; 0 for nobody waits. */
  readonly #waiting: number[] = Array(size).fill(0);
  /** Who is to be marked again while it is written to. */
  readonly #again = new Set<number>();
  readonly #recipients: readonly PlainRecipient[];
  readonly #room = {};
  #marks = 0;
  asked = 0;
  told = 0;

  constructor(spend: () => void) {
    this.#recipients = Array.from({ length: size }, (_, n) => {
      const recipient = new PlainRecipient(`r${n}`);
      recipient.flush = () => {
        this.#waiting[n] = 0;
        spend();
        if (this.#again.delete(n)) this.#mark(n, false);
      };
      return recipient;
    });
  }

  get idle(): boolean {
    return this.#waiting.every((since) => since === 0);
  }

  mark(numbers: readonly number[], urgent: boolean, again: boolean): void {
    for (const n of numbers) {
      this.#mark(n, urgent);
      if (again) this.#again.add(n);
    }
  }

  /** Everybody is given a message of one channel, said to be for so many more that rounds soon wait for company. */
  crowd(): void {
    for (let n = 0; n < size; n++) this.#mark(n, false);
    this.flusher.gather(this.#room, 1, 1, 250 * size);
  }

  /** As at the end of a tick: nobody marked until now may wait any more when it is told. */
  tick(): void {
    this.flusher.flush();
    const asked = this.#marks;
    this.asked++;
    this.flusher.whenWritten(() => {
      this.told++;
      const left = this.#waiting.filter((since) => since > 0 && since <= asked);
      assert.deepEqual(left, [], `told too early of ${asked}`);
    });
  }

  #mark(n: number, urgent: boolean): void {
    this.#waiting[n] = ++this.#marks;
    this.flusher.mark(this.#recipients[n] as PlainRecipient, urgent);
  }
}

describe('Flusher, whoever is marked when', () => {
  it('writes to each after its last mark, and tells of it then and not before', async (context) => {
    const pass = stopTime(context);
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const turn = async (): Promise<void> => {
      pass(1);
      context.mock.timers.tick(1);
      await setImmediate();
    };
    const run = fc.asyncProperty(
      fc.array(act, { maxLength: 80, size: 'max' }),
      fc.constantFrom(0, 0.1, 0.7),
      async (acts, cost) => {
        const books = new Books(() => pass(cost));
        for (const act of acts) {
          if (act === 'turn') await turn();
          else if (act === 'crowd') books.crowd();
          else if (act === 'tick') books.tick();
          else books.mark(act.mark, act.urgent, act.again);
        }
        for (let turns = 0; turns < 5000 && !(books.idle && books.told === books.asked); turns++)
          await turn();
        assert.ok(books.idle, 'somebody is never written to');
        assert.equal(books.told, books.asked);
      },
    );
    await fc.assert(run, { numRuns: 200 });
  });
});
