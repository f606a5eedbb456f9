import type { Gate } from '../access/gate.ts';
import type { Principal } from '../access/principal.ts';
import type { JsonText, Receipt } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import { everyone, type Hub, type Publication, userChannel } from '../hub/hub.ts';
import type { Pipeline } from '../middleware/pipeline.ts';
import type { ApiParts } from './parts.ts';
import { Passage } from './passage.ts';
import type { Answered } from './posting.ts';
import { receiptText } from './receipt.ts';

type PublisherParts = Pick<ApiParts, 'hub' | 'gate' | 'policy' | 'pipeline' | 'report'>;

/** A message as a request describes it. */
export interface Outgoing {
  readonly type: string;
  readonly data: JsonText;
  readonly id?: string | undefined;
  readonly persist?: boolean | undefined;
}

/**
 * Publishes for a principal whose scope has been checked, and answers with the receipt once the message is committed.
 * For one message no promise is made: the answer is sent from the tick. Throws `forbidden` or `too_large`.
 */
export class Publisher {
  readonly #hub: Hub;
  readonly #gate: Gate;
  readonly #maxDataBytes: number;
  readonly #pipeline: Pipeline;
  readonly #report: ApiParts['report'];

  constructor({ hub, gate, policy, pipeline, report }: PublisherParts) {
    this.#hub = hub;
    this.#pipeline = pipeline;
    this.#report = report;
    this.#gate = gate;
    this.#maxDataBytes = policy.maxDataBytes;
  }

  toChannel(principal: Principal, channel: string, message: Outgoing, answered: Answered): void {
    this.#publish(this.forChannel(principal, channel, message), answered);
  }

  toUser(principal: Principal, user: string, message: Outgoing, answered: Answered): void {
    this.#publish(this.forUser(principal, user, message), answered);
  }

  /** The scope `publish` of this API covers everyone's channel. */
  toEveryone(message: Outgoing, answered: Answered): void {
    this.#publish(this.#publication(everyone, message), answered);
  }

  /** What the hub is given for it. */
  forChannel(principal: Principal, channel: string, message: Outgoing): Publication {
    this.#gate.check(principal, 'publish', channel);
    return this.#publication(channel, message);
  }

  forUser(principal: Principal, user: string, message: Outgoing): Publication {
    const channel = userChannel(user);
    this.#gate.checkDirect(principal, channel);
    return this.#publication(channel, message);
  }

  /** Commits all of them at once; what stands in the place of one as an error is passed on in its place. */
  async together(items: readonly (Publication | FanwireError)[]): Promise<(Receipt | FanwireError)[]> {
    return this.#pipeline.empty ? this.#commit(items) : this.#commitPassed(items);
  }

  async #commit(items: readonly (Publication | FanwireError)[]): Promise<(Receipt | FanwireError)[]> {
    const publications = items.filter((item): item is Publication => !(item instanceof FanwireError));
    const receipts = await this.#hub.publishedTogether(publications);
    let next = 0;
    return items.map((item) => (item instanceof FanwireError ? item : (receipts[next++] ?? noReceipt())));
  }

  /** Through the middleware first. */
  async #commitPassed(items: readonly (Publication | FanwireError)[]): Promise<(Receipt | FanwireError)[]> {
    const passage = new Passage(this.#pipeline, this.#report);
    const passed = await passage.through(items, (publication) => this.#sized(publication));
    const committed = this.#commit(passed);
    passage.end(committed);
    return committed;
  }

  #publication(channel: string, { type, data, id, persist }: Outgoing): Publication {
    return this.#sized({ channel, type, data, id, persist, sender: null });
  }

  /** The publication, unless it is too large. */
  #sized(publication: Publication): Publication {
    const { data } = publication;
    if (data.length > this.#maxDataBytes / 3 && Buffer.byteLength(data) > this.#maxDataBytes) {
      throw new FanwireError('too_large', `a message holds at most ${this.#maxDataBytes} bytes of data`);
    }
    return publication;
  }

  #publish(publication: Publication, answered: Answered): void {
    if (this.#pipeline.empty) {
      this.#send(publication, answered);
      return;
    }
    const fail = (thrown: unknown): void => answered(thrown ?? new Error('nothing was thrown'), '');
    const send = (passed: Publication): Promise<Receipt> => {
      const receipt = this.#hub.published(this.#sized(passed));
      receipt.then((kept) => answered(null, receiptText(kept)), fail);
      return receipt;
    };
    this.#pipeline.message(publication, 'http', send).catch(fail);
  }

  #send(publication: Publication, answered: Answered): void {
    this.#hub.publish(publication, (error, receipt) => {
      if (receipt === null) answered(error ?? noReceipt(), '');
      else answered(null, receiptText(receipt));
    });
  }
}

function noReceipt(): FanwireError {
  return new FanwireError('internal', 'the message got no receipt');
}
