import type { Gate } from '../access/gate.ts';
import { checkMessageType } from '../access/names.ts';
import type { Receipt } from '../engine/engine.ts';
import { FanwireError, type UnknownErrorReporter } from '../errors.ts';
import type { Hub, Publication } from '../hub/hub.ts';
import type { PublishCallback } from '../hub/tick.ts';
import type { Pipeline } from '../middleware/pipeline.ts';
import { type Author, accountOf, idSpaceOf } from './author.ts';
import type { Outgoing, Target } from './message.ts';
import { Passage } from './passage.ts';
import { noQuotas, type Quotas } from './quotas.ts';

/** A promise when middleware has to be waited for: until the message joined the tick, or was refused. */
export type Handed = void | Promise<void>;

export interface PublishingParts {
  readonly hub: Hub;
  readonly gate: Gate;
  /** What messages of clients pass through. */
  readonly pipeline: Pipeline;
  /** Most bytes of one message's data. */
  readonly maxDataBytes: number;
  /** @default none */
  readonly quotas?: Quotas;
  readonly report: UnknownErrorReporter;
}

/**
 * The one way in for messages of clients, requests and programs. Each is looked at in the same order: names and type
 * (as they are read: `message.ts`), permission, size, middleware, quotas; then it joins the tick.
 */
export class Publishing {
  readonly #hub: Hub;
  readonly #gate: Gate;
  readonly #pipeline: Pipeline;
  readonly #maxDataBytes: number;
  readonly #quotas: Quotas;
  readonly #report: UnknownErrorReporter;

  constructor({ hub, gate, pipeline, maxDataBytes, quotas = noQuotas, report }: PublishingParts) {
    this.#hub = hub;
    this.#gate = gate;
    this.#pipeline = pipeline;
    this.#maxDataBytes = maxDataBytes;
    this.#quotas = quotas;
    this.#report = report;
  }

  /**
   * What is wrong with the message is thrown, or rejected with by middleware; `done` is not called then. Else it is
   * called once, in the turn in which the message is delivered.
   */
  publish(author: Author, target: Target, message: Outgoing, done: PublishCallback): Handed {
    const publication = this.ready(author, target, message);
    if (!this.#passes(author)) return this.#send(author, publication, done);
    return this.#pipeline.message(publication, viaOf(author), (passed) => {
      const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
      this.#send(author, this.#rechecked(passed, publication), (error, receipt) => {
        done(error, receipt);
        if (receipt) resolve(receipt);
        else reject(error);
      });
      return promise;
    });
  }

  /** Like `publish`, for who waits anyway. */
  published(author: Author, target: Target, message: Outgoing): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const handed = this.publish(author, target, message, (error, receipt) =>
        receipt ? resolve(receipt) : reject(error),
      );
      handed?.catch(reject);
    });
  }

  /** One of several messages that are published `together`. Throws `forbidden` or `too_large`. */
  ready(author: Author, target: Target, { type, data, id, persist }: Outgoing): Publication {
    this.#permit(author, target);
    const { channel } = target;
    const space = id === undefined ? undefined : idSpaceOf(author);
    const account = accountOf(author);
    return this.#sized({ channel, type, data, id, space, persist, account, sender: author.sender });
  }

  /** Commits all of them at once; what stands in the place of one as an error is passed on in its place. */
  async together(
    author: Author,
    items: readonly (Publication | FanwireError)[],
  ): Promise<(Receipt | FanwireError)[]> {
    if (!this.#passes(author)) {
      return this.#commit(items.map((item) => attempt(() => this.#admitted(author, item))));
    }
    const passage = new Passage(this.#pipeline, viaOf(author), this.#report);
    const passed = await passage.through(items, (changed, given) => {
      const publication = this.#rechecked(changed, given);
      this.#quotas.admit(author, publication);
      return publication;
    });
    const committed = this.#commit(passed);
    passage.end(committed);
    return committed;
  }

  /** Whether the author's messages go through middleware: those of the program itself do not. */
  #passes({ origin }: Author): boolean {
    return origin !== 'program' && !this.#pipeline.empty;
  }

  #permit({ origin, principal }: Author, { kind, channel }: Target): void {
    if (principal === null) return;
    if (kind === 'channel') this.#gate.check(principal, 'publish', channel);
    else if (kind === 'user') this.#gate.checkDirect(principal, channel);
    // The scope `publish` of the HTTP API covers everyone's channel.
    else if (origin === 'connection') this.#gate.checkBroadcast(principal);
  }

  /** The publication, unless it is too large. */
  #sized(publication: Publication): Publication {
    const { data } = publication;
    if (data.length > this.#maxDataBytes / 3 && Buffer.byteLength(data) > this.#maxDataBytes) {
      throw new FanwireError('too_large', `a message holds at most ${this.#maxDataBytes} bytes of data`);
    }
    return publication;
  }

  /** What middleware made of a message. */
  #rechecked(passed: Publication, given: Publication): Publication {
    if (passed.type !== given.type) checkMessageType(passed.type, 'type');
    return this.#sized(passed);
  }

  #admitted(author: Author, item: Publication | FanwireError): Publication {
    if (item instanceof FanwireError) throw item;
    this.#quotas.admit(author, item);
    return item;
  }

  #send(author: Author, publication: Publication, done: PublishCallback): void {
    this.#quotas.admit(author, publication);
    this.#hub.publish(publication, done);
  }

  async #commit(items: readonly (Publication | FanwireError)[]): Promise<(Receipt | FanwireError)[]> {
    const publications = items.filter((item): item is Publication => !(item instanceof FanwireError));
    const receipts = await this.#hub.publishedTogether(publications);
    let next = 0;
    return items.map((item) => (item instanceof FanwireError ? item : (receipts[next++] ?? noReceipt())));
  }
}

/** One message of several: an error of its own does not hold up the others. */
export function attempt(read: () => Publication): Publication | FanwireError {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof FanwireError) return thrown;
    throw thrown;
  }
}

/** As middleware is told. */
function viaOf({ origin }: Author): 'websocket' | 'http' {
  return origin === 'connection' ? 'websocket' : 'http';
}

function noReceipt(): FanwireError {
  return new FanwireError('internal', 'the message got no receipt');
}
