import { checkChannelName, checkUserId } from '../access/names.ts';
import type { ChannelsClaim } from '../access/permissions.ts';
import type { Scope } from '../access/principal.ts';
import { signToken } from '../access/token-signer.ts';
import type { Assembly } from '../assembly.ts';
import type { DialectName } from '../dialect/dialect.ts';
import { maxPage } from '../dialect/fields.ts';
import type { HistoryPage, HistoryQuery, PresencePage, Receipt } from '../engine/engine.ts';
import { badRequest, FanwireError, StartError } from '../errors.ts';
import { shownAs } from '../guests.ts';
import type { ActionHandler, Actions } from '../middleware/actions.ts';
import type { Middleware } from '../middleware/context.ts';
import type { Extensions } from '../middleware/extensions.ts';
import { program } from '../publishing/author.ts';
import { type Target, toChannel, toEveryone, toUser } from '../publishing/message.ts';
import type { Server } from '../server.ts';
import { Connection } from '../transport/connection.ts';
import type { Events, FanwireEvents } from './events.ts';
import { type OutgoingMessage, outgoingOf, type PublishOptions } from './messages.ts';

export interface TokenWishes {
  /** Seconds that it is valid, whole. Default `jwt.expiry`. */
  readonly ttl?: number;
  /** What its bearer may do on which channels. Default: everything that no rule forbids. */
  readonly channels?: ChannelsClaim;
  /** Default none. */
  readonly scopes?: readonly Scope[];
}

type Listener<Name extends keyof FanwireEvents> = (...args: FanwireEvents[Name]) => void;

/** What was put into the assembly for the program. */
export interface Added extends Extensions {
  readonly actions: Actions;
  readonly observer: Events;
}

/** How the server is reached and let go of: on a port of its own, or through somebody else's server. */
export interface Place {
  listen(port: number | undefined): Promise<Server>;
  close(): Promise<void>;
}

/** A Fanwire server inside a program. Made by `createServer`; its engine is open, so that it publishes at once. */
export class Fanwire {
  readonly #assembly: Assembly<Added>;
  readonly #place: Place;
  #url: string | null = null;
  #closed = false;

  /** @internal See `createServer`. */
  constructor(assembly: Assembly<Added>, place: Place) {
    this.#assembly = assembly;
    this.#place = place;
  }

  /** `http://host:port` once it listens on a port of its own, else null. */
  get url(): string | null {
    return this.#url;
  }

  /**
   * Listens on a port of its own. `port` is `listen.port` (8000) unless given; 0 takes any free one. Resolves to the
   * address. Rejects with a StartError that says what to do, after which the server is closed.
   */
  async listen(port?: number): Promise<string> {
    const { url } = await this.#place.listen(port);
    this.#url = url;
    return url;
  }

  /** Hears of an event from now on. What a listener throws is logged. */
  on<Name extends keyof FanwireEvents>(name: Name, listener: Listener<Name>): this {
    this.#assembly.extensions.observer.on<keyof FanwireEvents>(
      name,
      listener as Listener<keyof FanwireEvents>,
    );
    return this;
  }

  off<Name extends keyof FanwireEvents>(name: Name, listener: Listener<Name>): this {
    this.#assembly.extensions.observer.off<keyof FanwireEvents>(
      name,
      listener as Listener<keyof FanwireEvents>,
    );
    return this;
  }

  /** Adds a layer around connections and clients' messages; the first one added is outermost. */
  use(middleware: Middleware): this {
    this.#assembly.extensions.pipeline.use(middleware);
    return this;
  }

  /** Adds an action of the application's own to a WebSocket dialect. One that the dialect has itself stays its own. */
  action(dialect: Exclude<DialectName, 'events'>, name: string, handler: ActionHandler): this {
    this.#assembly.extensions.actions.add(dialect, name, handler);
    return this;
  }

  /**
   * Publishes any value that has a JSON text. Resolves once it is committed and delivered on this node; rejects with
   * a FanwireError (`bad_request`, `too_large`, `unavailable`) when nothing was kept.
   */
  async publish(channel: string, data: unknown, options: PublishOptions = {}): Promise<Receipt> {
    return this.#publish(toChannel(channel, 'channel'), data, options);
  }

  /** To every connection, with type `broadcast` unless the message has another. */
  async broadcast({ content, ...options }: OutgoingMessage): Promise<Receipt> {
    return this.#publish(toEveryone, content, { type: 'broadcast', ...options });
  }

  /** To every connection of a verified user, with type `direct` unless the message has another. */
  async sendToUser(user: string, { content, ...options }: OutgoingMessage): Promise<Receipt> {
    return this.#publish(toUser(user, 'user'), content, { type: 'direct', ...options });
  }

  async sendToChannel(channel: string, { content, ...options }: OutgoingMessage): Promise<Receipt> {
    return this.publish(channel, content, options);
  }

  /** A page of a channel's history, of 1 to 1000 messages: see `HistoryQuery`. */
  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    this.#checkOpen();
    if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > maxPage) {
      throw badRequest(`limit: a whole number from 1 to ${maxPage} is required, not ${query.limit}`);
    }
    return this.#assembly.node.hub.history(checkChannelName(channel, 'channel'), query);
  }

  /** Who is in a channel, ordered by name; `limit` users (default 100) behind `cursor`. */
  async presence(channel: string, page: { limit?: number; cursor?: string } = {}): Promise<PresencePage> {
    this.#checkOpen();
    const { presence } = this.#assembly.engine;
    const found = await presence.page(checkChannelName(channel, 'channel'), { limit: 100, ...page });
    const users = found.users.map((present) => {
      const { name, ...guest } = shownAs(present.user);
      return { ...present, user: name, ...guest };
    });
    return { ...found, users };
  }

  /**
   * A token that lets a client in as this user. Rejects with `bad_request` for a user or permissions that no token may
   * have, and with a StartError where the server only checks tokens that others sign.
   */
  async createAccessToken(user: string, wishes: TokenWishes = {}): Promise<string> {
    const { settings, node } = this.#assembly;
    const { secret, algorithms, issuer, audience, expiry } = settings.jwt;
    const algorithm = symmetric.find((name) => algorithms.length === 0 || algorithms.includes(name));
    if (secret === null || algorithm === undefined) {
      throw new StartError('jwt.secret: tokens are made with a shared secret, and this server has none.');
    }
    const { ttl = expiry / 1000, channels, scopes } = wishes;
    if (!Number.isSafeInteger(ttl) || ttl <= 0) {
      throw badRequest(`ttl: whole seconds, more than 0, are expected, not ${ttl}`);
    }
    const more = { ...(channels === undefined ? {} : { channels }), ...(scopes ? { scopes } : {}) };
    const { clock } = node;
    return signToken({ secret, algorithm, user, ttlSeconds: ttl, issuer, audience, clock, ...more });
  }

  /** Closes every connection of a user with 4410, on every node. Resolves to how many there were on this one. */
  async disconnectUser(user: string): Promise<number> {
    return this.#assembly.enforcer.disconnectUser(checkUserId(user, 'user'));
  }

  /**
   * Closes WebSocket connections that gave no sign of life for so many milliseconds, with 4408; returns how many. The
   * server does that by itself by its settings: this is for programs that want it sooner.
   */
  cleanupInactiveConnections(idleFor: number = this.#assembly.settings.websocket.disconnectTimeout): number {
    const { hub } = this.#assembly.node;
    const idle = [...hub.connections.all()].filter(
      (connection): connection is Connection =>
        connection instanceof Connection &&
        connection.transport === 'websocket' &&
        connection.silence() >= idleFor,
    );
    for (const connection of idle) connection.close('idle');
    return idle.length;
  }

  /**
   * Lets what was accepted be committed and delivered, closes every connection with 1012, and lets go of the file. A
   * server that it is attached to goes on. Idempotent.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#place.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new FanwireError('unavailable', 'this server is closed');
  }

  #publish(target: Target, data: unknown, options: PublishOptions): Promise<Receipt> {
    this.#checkOpen();
    return this.#assembly.publishing.published(program, target, outgoingOf(data, options));
  }
}

const symmetric = ['HS256', 'HS384', 'HS512'] as const;
