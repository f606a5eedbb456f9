import { FanwireError } from '../errors.ts';
import { everyone, userChannel } from '../hub/hub.ts';
import { isReserved } from './names.ts';
import { allows, type Operation } from './permissions.ts';
import type { Principal } from './principal.ts';
import type { Rooms } from './rooms.ts';

/** The one place that decides who may do what on which channel. Asked for every operation, not at connect only. */
export class Gate {
  readonly rooms: Rooms;
  /** Whether broadcasting is free to all: true while no authentication is required of channel clients. */
  readonly #openBroadcast: boolean;

  constructor(rooms: Rooms, openBroadcast: boolean) {
    this.rooms = rooms;
    this.#openBroadcast = openBroadcast;
  }

  /** Throws `forbidden` unless the principal may do this on the channel. */
  check(principal: Principal, operation: Operation, channel: string): void {
    if (this.may(principal, operation, channel)) return;
    throw new FanwireError('forbidden', `no permission to ${verbs[operation]} "${channel}"`);
  }

  may(principal: Principal, operation: Operation, channel: string): boolean {
    if (isReserved(channel))
      return operation !== 'publish' && operation !== 'presence' && isOwn(principal, channel);
    return (
      keyAllows(principal, operation) &&
      allows(principal.channels, operation, channel) &&
      this.rooms.admits(principal, channel)
    );
  }

  /** Throws `forbidden` unless the principal may write to this user: a `channels` claim has to cover `$user:<id>`. */
  checkDirect(principal: Principal, channel: string): void {
    if (keyAllows(principal, 'publish') && allows(principal.channels, 'publish', channel)) return;
    throw new FanwireError('forbidden', 'no permission to write to this user');
  }

  /** Throws `forbidden` unless the principal may write to everyone. */
  checkBroadcast(principal: Principal): void {
    const { scopes } = principal;
    if (this.#openBroadcast || scopes.has('broadcast') || scopes.has('manage')) return;
    throw new FanwireError(
      'forbidden',
      'no permission to write to everyone: the token needs the scope "broadcast"',
    );
  }
}

const verbs: Record<Operation, string> = {
  subscribe: 'subscribe to',
  publish: 'publish to',
  presence: 'see who is in',
  history: 'read the history of',
};

/** Of the reserved names a client may use everyone's channel and its own user's. */
function isOwn(principal: Principal, channel: string): boolean {
  return channel === everyone || (principal.user !== null && channel === userChannel(principal.user));
}

/** An API key is bound by its scopes; everyone else by the token's `channels` claim. */
function keyAllows({ via, scopes }: Principal, operation: Operation): boolean {
  if (via !== 'key' || scopes.has('manage')) return true;
  return scopes.has(operation === 'publish' ? 'publish' : 'read');
}
