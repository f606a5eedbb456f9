import type { IncomingMessage } from 'node:http';
import type { ChannelsClaim } from '../access/permissions.ts';
import type { Scope } from '../access/principal.ts';
import type { Receipt, Sender } from '../engine/engine.ts';

/** What both kinds of context have. */
interface Common {
  /** For middleware to hand things on to the middleware behind it; a new object for each context. */
  readonly state: Record<string, unknown>;
}

/** Who a connection belongs to, when middleware says so instead of a token. */
export interface Identity {
  /** As the `sub` of a token: 1 to 250 bytes. */
  readonly user: string;
  /** What it may do, as the token's `channels` claim. Default: everything that no rule forbids. */
  readonly channels?: ChannelsClaim;
  /** Default none. */
  readonly scopes?: readonly Scope[];
  /** Unix milliseconds at which the connection is closed with 4401. Default: never. */
  readonly expiresAt?: number;
}

/** Somebody asks to be let in: a WebSocket before its upgrade, or an event stream before its first byte. */
export interface ConnectContext extends Common {
  readonly kind: 'connect';
  readonly transport: 'websocket' | 'sse';
  readonly dialect: string;
  /** The HTTP request: address, headers, socket. Not to be answered here: throw instead. */
  readonly request: IncomingMessage;
  /** Channels that it joins by connecting. */
  readonly channels: readonly string[];
  /** The verified user, once `await next()` has returned; null before that and for anonymous clients. */
  readonly user: string | null;
  /** Says who this is, instead of a token: no credentials are asked for then. To be called before `next()`; throws
   * `unauthorized` when the identity has expired already. */
  authenticate(identity: Identity): void;
}

/** A client's message on its way to the channel. What the server itself publishes does not come by. */
export interface MessageContext extends Common {
  readonly kind: 'message';
  readonly via: 'websocket' | 'http';
  /** `$all` is everyone's channel and `$user:<id>` a user's own. */
  readonly channel: string;
  /** The publisher's idempotency key, where it sent one. */
  readonly id: string | undefined;
  /** Null for messages that came over HTTP. */
  readonly sender: Sender | null;
  /** May be changed before `next()`. */
  type: string;
  /** The message's data as a value. Assigning it changes the message; what is in it is not watched. */
  data: unknown;
  /** May be changed before `next()`. */
  persist: boolean;
  /** Where the message is, once `await next()` has returned; null before that. */
  readonly receipt: Receipt | null;
}

export type Context = ConnectContext | MessageContext;

/**
 * A layer around connections and messages. Not calling `next` refuses (`forbidden`); so does throwing: a FanwireError
 * with its code, anything else with `internal`, and it is logged. After `next()` it is too late for that: what is
 * thrown then is logged only.
 */
export type Middleware = (context: Context, next: () => Promise<void>) => unknown;
