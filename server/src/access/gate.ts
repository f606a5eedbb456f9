import { FanwireError } from '../errors.ts';
import { everyone, userChannel } from '../hub/hub.ts';
import { isReserved } from './names.ts';
import { allows, type GuestsMay, guestMay, type Operation } from './permissions.ts';
import type { Principal } from './principal.ts';
import type { Rooms } from './rooms.ts';

/** The one place that decides who may do what on which channel. Asked for every operation, not at connect only. */
export class Gate {
  readonly rooms: Rooms;
  readonly #guests: GuestsMay;
  /** Whether broadcasting is free to all: while channel clients need no credentials, and guests may do everything. */
  readonly #openBroadcast: boolean;

  constructor(rooms: Rooms, guests: GuestsMay, { authRequired }: { readonly authRequired: boolean }) {
    this.rooms = rooms;
    this.#guests = guests;
    this.#openBroadcast = !authRequired && guests === 'all';
  }

  /** Throws `forbidden` unless the principal may do this on the channel. */
  check(principal: Principal, operation: Operation, channel: string): void {
    if (this.may(principal, operation, channel)) return;
    this.#checkGuest(principal, operation, `${verbs[operation]} "${channel}"`);
    throw new FanwireError('forbidden', `no permission to ${verbs[operation]} "${channel}"`);
  }

  may(principal: Principal, operation: Operation, channel: string): boolean {
    if (!this.#mayAtAll(principal, operation)) return false;
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
    this.#checkGuest(principal, 'publish', 'write to a user');
    if (keyAllows(principal, 'publish') && allows(principal.channels, 'publish', channel)) return;
    throw new FanwireError('forbidden', 'no permission to write to this user');
  }

  /** Throws `forbidden` unless the principal may write to everyone. */
  checkBroadcast(principal: Principal): void {
    const { scopes } = principal;
    this.#checkGuest(principal, 'publish', 'write to everyone');
    if (this.#openBroadcast || scopes.has('broadcast') || scopes.has('manage')) return;
    throw new FanwireError(
      'forbidden',
      'no permission to write to everyone: the token needs the scope "broadcast"',
    );
  }

  /** Throws unless the principal may have a room of this name: `unauthorized` for who is not signed in. */
  checkCreate(principal: Principal, channel: string): void {
    if (principal.via !== 'jwt') {
      throw new FanwireError('unauthorized', 'a room needs a signed-in user to own it: connect with a token');
    }
    this.check(principal, 'publish', channel);
  }

  #mayAtAll({ via }: Principal, operation: Operation): boolean {
    return via !== 'anonymous' || guestMay(this.#guests, operation);
  }

  /** Throws `forbidden` with what a guest can do about it. `what` follows "may not". */
  #checkGuest(principal: Principal, operation: Operation, what: string): void {
    if (this.#mayAtAll(principal, operation)) return;
    const setting = `ANONYMOUS is ${this.#guests}`;
    throw new FanwireError('forbidden', `without credentials you may not ${what} here (${setting}): sign in`);
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
