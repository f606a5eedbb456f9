import type { ApiKey } from '../access/api-keys.ts';
import type { ChannelSet } from '../access/channel-set.ts';
import type { RawSettings } from './schema.ts';

/**
 * The settings of one server, checked and typed. Every duration is milliseconds and every size bytes, whatever the
 * unit of its environment variable. Defaults, ranges and variables: docs/settings.md, made from `schema.ts`.
 */
export interface Settings {
  /** `NODE_ENV=production`: refuses weak secrets and does not let loopback origins pass. Default false. */
  readonly production: boolean;
  readonly listen: ListenSettings;
  readonly engine: EngineSettings;
  readonly log: LogSettings;
  readonly limits: LimitSettings;
  readonly relay: RelaySettings;
  readonly room: RoomSettings;
  readonly presence: PresenceSettings;
  readonly websocket: WebSocketSettings;
  readonly sse: SseSettings;
  readonly chat: ChatSettings;
  readonly jwt: JwtSettings;
  readonly apiKeys: ApiKeySettings;
  readonly origins: OriginSettings;
  readonly history: HistorySettings;
  readonly shutdown: ShutdownSettings;
}

export interface ListenSettings {
  /** Host name or IP address. Default 127.0.0.1; `0.0.0.0` and `::` are every interface. */
  readonly host: string;
  /** Default 8000; 0 is any free port. */
  readonly port: number;
  /** Threads that serve connections. Default 1: this one. */
  readonly workers: number;
}

export interface EngineSettings {
  /** Default sqlite; memory forgets everything at the end of the process. */
  readonly kind: 'memory' | 'sqlite';
  /** File of the sqlite engine, relative to the working directory. Default data/chat.db. */
  readonly databasePath: string;
  /** What an acknowledged message survives: the end of the process (default), or with `disk` a power cut. */
  readonly durability: 'process' | 'disk';
  /** First part of every key in a shared store. Default fanwire. */
  readonly keyPrefix: string;
}

export interface LogSettings {
  /** The least severe line that is logged. Default info; silent logs nothing. */
  readonly level: RawSettings['log']['level'];
}

export interface LimitSettings {
  /** Connections of the whole server, every dialect and SSE, at least 1. Default 1000. */
  readonly connections: number;
  /** Connections in one room, at least 1. Default 100. */
  readonly connectionsPerRoom: number;
  /** Bytes waiting for one connection beyond what the kernel took. Default 1 MiB. */
  readonly backlogBytes: number;
  /** Channels of which only the newest message waits for a slow reader. Default none. */
  readonly backlogLatest: ChannelSet;
  /** Channels whose oldest messages a slow reader loses, and is told so. Default none. Those of `latest` come first. */
  readonly backlogDrop: ChannelSet;
  /** Channels that one connection may be subscribed to, at least 1. Default 128. */
  readonly channelsPerConnection: number;
  /** Messages per second that one connection may send. Default 0, which is no limit. */
  readonly messageRate: number;
}

export interface RelaySettings {
  /** Default false. */
  readonly authRequired: boolean;
  /** Milliseconds between two pings. Default 20 s. */
  readonly pingInterval: number;
  /** Milliseconds within which a ping has to be answered. Default 30 s. */
  readonly pongTimeout: number;
}

export interface RoomSettings {
  /** Milliseconds between two pings. Default 25 s. */
  readonly heartbeatInterval: number;
  /** Milliseconds without a frame after which a client is closed. Default 70 s. */
  readonly idleTimeout: number;
}

export interface PresenceSettings {
  /** Milliseconds a user stays online at most after their node died. Default 60 s. */
  readonly ttl: number;
}

export interface WebSocketSettings {
  /** Default true; false refuses the upgrade in every dialect. */
  readonly enabled: boolean;
  /** Of the channel dialect. Default false. */
  readonly authRequired: boolean;
  /** Milliseconds between two heartbeats of the channel dialect. Default 30 s. */
  readonly heartbeatInterval: number;
  /** Milliseconds without a sign of life after which a client is closed. Default 60 s. */
  readonly disconnectTimeout: number;
  /** At least 1. Default 1000. */
  readonly maxConnections: number;
  /** Messages waiting for one connection beyond what the kernel took, at least 1. Default 100. */
  readonly queueSize: number;
  /** Bytes of the longest message a client may send. Default 64 KiB. */
  readonly maxMessageSize: number;
  /** Whether permessage-deflate is offered. Default false. */
  readonly compression: boolean;
}

export interface SseSettings {
  /** Default true. */
  readonly enabled: boolean;
  /** Default false. */
  readonly authRequired: boolean;
  /** Milliseconds between two comment lines. Default 30 s. */
  readonly heartbeatInterval: number;
  /** At least 1. Default 500. */
  readonly maxConnections: number;
  /** Milliseconds a browser waits before it reconnects. Default 3 s; 0 is at once. */
  readonly retry: number;
  /** Bytes of the longest message that can be published over HTTP. Default 1 MiB. */
  readonly maxMessageSize: number;
}

export interface ChatSettings {
  /** Default false. */
  readonly authRequired: boolean;
  /** Last messages of a room that one gets on joining. Default 50; 0 is none. */
  readonly historyOnJoin: number;
}

export interface JwtSettings {
  /**
   * Key of HS tokens, at least 32 bytes in production. Null where only public keys are used, and in development
   * without any key: whoever starts the server then takes the one of `developmentSecret`.
   */
  readonly secret: string | null;
  /** Older key whose HS tokens are still accepted. Default null. */
  readonly previousSecret: string | null;
  /**
   * Algorithms that a token may be signed with; each fits a configured key. Default HS256 where only secrets are used.
   * Empty is derived: HS256 for the secrets, and for each public key those that its type allows.
   */
  readonly algorithms: string[];
  /** SPKI PEM text of an RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519 key. Default null. */
  readonly publicKey: string | null;
  /** http or https address of a JWK set. Default null. */
  readonly jwksUrl: string | null;
  /** The `iss` a token must have. Default null, which is any. */
  readonly issuer: string | null;
  /** The `aud` a token must have. Default null, which is any. */
  readonly audience: string | null;
  /** Milliseconds for which tokens that the server makes are valid. Default 60 min. */
  readonly expiry: number;
}

export interface ApiKeySettings {
  /** Request header that carries a key, in lower case as Node names headers. Default x-api-key. */
  readonly header: string;
  /** Default none: only tokens are accepted. */
  readonly keys: ApiKey[];
}

export interface OriginSettings {
  /** Normalised origins that may connect, or `*`. Default none: the server's own, in development also loopback. */
  readonly allowed: string[];
}

export interface HistorySettings {
  /** Messages per channel kept for recovery, at least 1. Default 1000. */
  readonly windowSize: number;
  /** Milliseconds that messages are kept for recovery. Default 10 min. */
  readonly windowTtl: number;
  /** Milliseconds that persisted messages are kept. Default 0, which is for ever. */
  readonly ttl: number;
  /** Milliseconds that a message id is remembered. Default 5 min; 0 is not at all. */
  readonly idempotencyWindow: number;
}

export interface ShutdownSettings {
  /** Milliseconds the end waits for connections to be closed. Default 10 s; 0 drops them at once. */
  readonly timeout: number;
}
