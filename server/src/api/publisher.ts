import type { FastifyReply } from 'fastify';
import type { Gate } from '../access/gate.ts';
import type { Principal } from '../access/principal.ts';
import type { JsonText } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import { everyone, type Hub, userChannel } from '../hub/hub.ts';
import type { ApiParts } from './parts.ts';

/** A message as a request describes it. */
export interface Outgoing {
  readonly type: string;
  readonly data: JsonText;
  readonly id?: string | undefined;
  readonly persist?: boolean | undefined;
}

/**
 * Publishes for a principal whose scope has been checked, and answers with the receipt once the message is committed.
 * No promise is made: the answer is sent from the tick. Throws `forbidden` or `too_large`.
 */
export class Publisher {
  readonly #hub: Hub;
  readonly #gate: Gate;
  readonly #maxDataBytes: number;

  constructor({ hub, gate, policy }: Pick<ApiParts, 'hub' | 'gate' | 'policy'>) {
    this.#hub = hub;
    this.#gate = gate;
    this.#maxDataBytes = policy.maxDataBytes;
  }

  toChannel(principal: Principal, channel: string, message: Outgoing, reply: FastifyReply): void {
    this.#gate.check(principal, 'publish', channel);
    this.#publish(channel, message, reply);
  }

  toUser(principal: Principal, user: string, message: Outgoing, reply: FastifyReply): void {
    const channel = userChannel(user);
    this.#gate.checkDirect(principal, channel);
    this.#publish(channel, message, reply);
  }

  /** The scope `publish` of this API covers everyone's channel. */
  toEveryone(message: Outgoing, reply: FastifyReply): void {
    this.#publish(everyone, message, reply);
  }

  #publish(channel: string, message: Outgoing, reply: FastifyReply): void {
    const { data } = message;
    if (data.length > this.#maxDataBytes / 3 && Buffer.byteLength(data) > this.#maxDataBytes) {
      throw new FanwireError('too_large', `a message holds at most ${this.#maxDataBytes} bytes of data`);
    }
    this.#hub.publish({ ...message, channel, sender: null }, (error, receipt) => {
      if (receipt === null) {
        reply.send(error ?? new FanwireError('internal', 'the message got no receipt'));
        return;
      }
      const { id, offset, epoch, duplicate } = receipt;
      reply.send({ ok: true, id, channel, offset, epoch, duplicate });
    });
  }
}
