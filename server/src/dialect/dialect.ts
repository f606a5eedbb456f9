import type { ClientAddress } from '../access/client-address.ts';
import type { Gate } from '../access/gate.ts';
import type { TokenVerifier } from '../access/jwt.ts';
import type { Attempts } from '../access/limits/attempts.ts';
import type { Principal } from '../access/principal.ts';
import type { Clock } from '../clock.ts';
import type { CloseReason, HttpErrorName } from '../codes.ts';
import type { Engine, Message, PresenceEvent } from '../engine/engine.ts';
import type { FanwireError } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Recipient } from '../hub/recipient.ts';
import type { Gap } from '../hub/recovery.ts';
import type { JsonObject } from '../json.ts';
import type { ActionHandler } from '../middleware/actions.ts';
import type { Publishing } from '../publishing/publishing.ts';
import type { OccupiedRooms } from './chat/rooms.ts';
import type { RelayPlaces } from './relay/places.ts';

export type DialectName = 'relay' | 'room' | 'channel' | 'chat' | 'events';

/** What a dialect's sessions use besides their own connection. */
export interface Services {
  readonly hub: Hub;
  readonly gate: Gate;
  readonly presence: Engine['presence'];
  readonly verifier: TokenVerifier;
  readonly attempts: Attempts;
  readonly publishing: Publishing;
  readonly clock: Clock;
  readonly report: (thrown: unknown) => void;
  /** How far a position reaches back without permission to read the history (milliseconds). */
  readonly recoveryWindow: number;
  /** Most channels that one connection may be in. */
  readonly maxChannels: number;
  readonly shared: SharedBooks;
}

/** Books of the dialects that are kept once for the whole server, whichever thread its connections are on. */
export interface SharedBooks {
  readonly places: RelayPlaces;
  readonly occupied: OccupiedRooms;
}

/** What a client asked for with its address, before it is let in. All checks that need no look-up have passed. */
export interface Entrance {
  /** Channels it joins by connecting: permission is checked before the upgrade. */
  readonly channels: readonly string[];
  /** The room of the URL, the client's own id or name, in the dialects that have them; else null. */
  readonly room: string | null;
  readonly clientId: string | null;
  readonly name: string | null;
  /** Wants to hear who comes and goes. */
  readonly watch: boolean;
  readonly echo: boolean;
}

/** What a dialect asks of whoever wants in. */
export interface Requirements {
  /** A credential is needed. */
  readonly auth: boolean;
  /** The credential has to name a user: an API key is not enough. */
  readonly user: boolean;
  readonly origin: boolean;
}

/** Gives back what was reserved. */
export type Reservation = () => void;

/** A WebSocket dialect: a pure codec, the address it answers at, and its sessions. */
export interface Dialect {
  readonly name: DialectName;
  readonly requirements: Requirements;
  /** Null when the address is not this dialect's; throws `bad_request` with status 400 for bad parameters. */
  entrance(url: URL): Entrance | null;
  /**
   * Takes a place for the connection that is about to get this id, where places are limited. Returns how to give it
   * back, should the connection not come about; throws a refusal (`room_full`) when there is none.
   */
  reserve?(entrance: Entrance, connection: string): Reservation | Promise<Reservation>;
  /** Why somebody is not let in, as one text frame; `retryAfter` in seconds, where that is for a time. */
  refusal(error: FanwireError, retryAfter?: number): string;
  /** One message as one text frame. */
  encode(message: Message): string;
  /** `settled` is to be called when a publish of the session was committed or failed. */
  open(link: Link, entrance: Entrance, settled: () => void): Session;
}

/** A session's own connection, as far as the dialect may know it. */
export interface Link extends Recipient {
  readonly dialect: DialectName;
  readonly principal: Principal;
  readonly client: ClientAddress;
  /** Own publishes that are not committed yet, and how many characters of data they hold. */
  pendingPublishes: number;
  pendingSize: number;
  /** More is waiting to be committed, from all connections, than should. */
  readonly crowded: boolean;
  /**
   * Milliseconds since this monotonic time, else since the last sign of life (a frame or a WebSocket pong), in which
   * the client could be heard: not those in which the server slept, nor while what the client sent waits for it.
   */
  silence(since?: number): number;
  /** The session is open, or cannot be opened. */
  opened(): void;
  /** Puts one text frame into the outbox. */
  send(text: string): void;
  /** The same, for a frame that many are told: made once for all who get it in a row, and sent when their turn comes. */
  tell(text: string): void;
  /** Resolves when the client has taken what it was sent; null when little of that waits. */
  relief(): Promise<void> | null;
  /** The application's own handler of an action, if it has one. */
  ownAction(name: string): ActionHandler | undefined;
  /** Sends a WebSocket ping. */
  ping(): void;
  close(reason: CloseReason): void;
  /** The client is told that something failed; for the counters. */
  failed(code: HttpErrorName): void;
  /** A fresh token of the same user was verified: its expiry and permissions hold from now on. */
  renew(principal: Principal): void;
}

/** A frame that was understood as far as being a JSON object. */
export interface Frame {
  readonly text: string;
  readonly object: JsonObject;
}

/** Why somebody lost a channel: its owner said so, or it was a room that is deleted. */
export type Expulsion = 'kicked' | 'deleted';

/**
 * One client's conversation. `command` turns a frame into what is to be done, throwing `bad_request` or
 * `unknown_action`; `execute` does it. Frames are handled one after the other: the next waits for the promise.
 */
export interface Session<Command extends { readonly kind: string } = { readonly kind: string }> {
  /** Sends the greeting and joins the channels of the address. */
  open(): Promise<void>;
  command(frame: Frame): Command;
  execute(command: Command): void | Promise<void>;
  /** Tells the client that a frame failed. `frame` is null when it was no JSON object. */
  fail(error: FanwireError, frame: Frame | null): void;
  /** Called at about the monotonic time it returned last; does what is due and returns when it wants to be called again. */
  wake(now: number): number;
  /** The principal lost this channel: it has been unsubscribed. */
  expelled(channel: string, why: Expulsion): void;
  presence(event: PresenceEvent): void;
  gap(channel: string, gap: Gap): void;
  closed(): void;
  /** The member of a frame that names what is to be done; none where clients send no frames. */
  readonly actionMember?: 'action' | 'type';
  /** Answers an action of the application's own, with a value that has a JSON text. */
  answerOwn?(action: string, value: unknown, frame: Frame): void;
}
