import type { Revocations } from '../access/revocations.ts';
import type { Rooms } from '../access/rooms.ts';
import type { Revocation } from '../engine/engine.ts';
import type { ControlCommand, Hub } from '../hub/hub.ts';
import type { Recipient } from '../hub/recipient.ts';
import { Connection } from './connection.ts';

/** Makes what was decided about users and connections true for the connections of this node. */
export class Enforcer {
  readonly #hub: Hub;
  readonly #revocations: Revocations;

  constructor(hub: Hub, { rooms, revocations }: { rooms: Rooms; revocations: Revocations }) {
    this.#hub = hub;
    this.#revocations = revocations;
    hub.onCommand((command) => this.#command(command));
    rooms.onExpel((channel, user, isGuest) => this.#expel(channel, user, isGuest));
    revocations.onRevoke((revocation) => this.#revoke(revocation));
  }

  /** Closes every connection of a user with 4410, on every node; resolves to how many there were on this one. */
  async disconnectUser(user: string): Promise<number> {
    const { length } = this.#hub.connections.ofUser(user);
    await this.#hub.command({ op: 'disconnect', user });
    return length;
  }

  #command({ op, user }: ControlCommand): void {
    if (op !== 'disconnect' || typeof user !== 'string') return;
    for (const connection of connectionsOf(this.#hub.connections.ofUser(user)))
      connection.close('administrator');
  }

  /** A kicked user leaves the channel at once, on every connection and in every dialect. */
  #expel(channel: string, user: string | null, isGuest: boolean): void {
    const { connections } = this.#hub;
    if (user === null) {
      this.#empty(channel);
      return;
    }
    const named = isGuest ? connections.ofGuest(user) : connections.ofUser(user);
    for (const connection of connectionsOf(named)) connection.expel(channel, 'kicked');
  }

  /** Of a room that is deleted. */
  #empty(channel: string): void {
    const subscriptions = this.#hub.local(channel)?.subscriptions() ?? [];
    const recipients = [...subscriptions].map(({ recipient }) => recipient);
    for (const connection of connectionsOf(recipients)) connection.expel(channel, 'deleted');
  }

  #revoke(revocation: Revocation): void {
    const { connections } = this.#hub;
    const named = revocation.kind === 'before' && revocation.user !== null ? revocation.user : null;
    for (const connection of connectionsOf(named === null ? connections.all() : connections.ofUser(named))) {
      if (this.#revocations.covers(connection.principal)) connection.close('tokenExpired');
    }
  }
}

/** A copy: closing takes them out of what is gone through. */
function connectionsOf(recipients: Iterable<Recipient>): Connection[] {
  return [...recipients].filter((recipient) => recipient instanceof Connection);
}
