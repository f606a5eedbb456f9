import type { Receipt } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import type { ConnectContext, Context, Middleware } from './context.ts';
import { PassingMessage } from './message-context.ts';

/** The layers that connections and clients' messages pass through, the first one outermost. */
export class Pipeline {
  readonly #layers: Middleware[] = [];
  readonly #report: (thrown: unknown) => void;

  /** `report` hears of what is thrown when it is too late to refuse. */
  constructor(report: (thrown: unknown) => void) {
    this.#report = report;
  }

  /** Nothing is to be done for it then. */
  get empty(): boolean {
    return this.#layers.length === 0;
  }

  use(layer: Middleware): void {
    this.#layers.push(layer);
  }

  /** Resolves once everybody let it in and `admit` did. Rejects with whatever was thrown. */
  async connect(context: ConnectContext, admit: () => Promise<void>): Promise<void> {
    let refusal: unknown = new FanwireError('forbidden', 'the connection was not let in');
    await this.#run(context, async () => {
      try {
        await admit();
        refusal = null;
      } catch (thrown) {
        refusal = thrown;
        throw thrown;
      }
    });
    if (refusal !== null) throw refusal;
  }

  /**
   * Resolves as soon as the message, perhaps changed, was given to `publish`: whoever waits for that keeps the order
   * of one sender. Rejects, with whatever was thrown, when it was not.
   */
  message(
    given: Publication,
    via: 'websocket' | 'http',
    publish: (publication: Publication) => Promise<Receipt>,
  ): Promise<void> {
    const context = new PassingMessage(given, via);
    return new Promise((resolve, reject) => {
      let refusal: unknown = new FanwireError('forbidden', 'the message was not let through');
      let failure: unknown = null;
      const last = async (): Promise<void> => {
        let receipt: Promise<Receipt>;
        try {
          receipt = publish(context.publication);
        } catch (thrown) {
          refusal = thrown;
          throw thrown;
        }
        refusal = null;
        resolve();
        receipt.catch((thrown) => {
          failure = thrown;
        });
        context.receipt = await receipt;
      };
      this.#run(context, last).then(
        () => reject(refusal),
        (thrown) => {
          if (refusal !== null) reject(thrown);
          // What became of the publish is told to its sender.
          else if (thrown !== failure) this.#report(thrown);
        },
      );
    });
  }

  #run(context: Context, last: () => Promise<void>): Promise<void> {
    let reached = -1;
    const dispatch = async (index: number): Promise<void> => {
      if (index <= reached) throw new Error('middleware called next() more than once');
      reached = index;
      const layer = this.#layers[index];
      if (!layer) return last();
      let inner: Promise<void> | null = null;
      await layer(context, () => {
        inner = dispatch(index + 1);
        return inner;
      });
      await settled(inner);
    };
    return dispatch(0);
  }
}

/** A layer that did not wait for what is behind it has not ended before that has. */
function settled(inner: Promise<void> | null): Promise<void> | undefined {
  return inner?.catch(() => {});
}
