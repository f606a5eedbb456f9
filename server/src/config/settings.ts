import type { ClientRuleSets } from '../access/limits/rules.ts';
import type { ApiKeySettings } from './schema/api-keys.ts';
import type { ChatSettings } from './schema/chat.ts';
import type { ClientSettings } from './schema/clients.ts';
import type { EngineSettings } from './schema/engine.ts';
import type { GuestSettings } from './schema/guests.ts';
import type { HistorySettings } from './schema/history.ts';
import type { HostSettings } from './schema/hosts.ts';
import type { HttpSettings } from './schema/http.ts';
import type { JwtSettings } from './schema/jwt.ts';
import type { LimitSettings } from './schema/limits.ts';
import type { ListenSettings } from './schema/listen.ts';
import type { LogSettings } from './schema/log.ts';
import type { NetworkSettings } from './schema/networks.ts';
import type { OriginSettings } from './schema/origins.ts';
import type { PageSettings } from './schema/pages.ts';
import type { PresenceSettings } from './schema/presence.ts';
import type { QuotaSettings } from './schema/quotas.ts';
import type { RelaySettings } from './schema/relay.ts';
import type { RoomSettings } from './schema/room.ts';
import type { ShutdownSettings } from './schema/shutdown.ts';
import type { SseSettings } from './schema/sse.ts';
import type { WebSocketSettings } from './schema/websocket.ts';

/**
 * The settings of one server, checked and typed. Every duration is milliseconds and every size bytes, whatever the
 * unit of its environment variable. Defaults, ranges and variables: docs/settings.md, made from `schema.ts`.
 */
export interface Settings {
  /** `NODE_ENV=production`: nothing is open that was not asked for, and no weak secret is taken. Default false. */
  readonly production: boolean;
  /** What follows from the limits for clients elsewhere, and for those on this machine. */
  readonly rules: ClientRuleSets;
  /** What of the settings was mended, for the log. */
  readonly warnings: readonly string[];
  /** Whether WEBSOCKET_AUTH_REQUIRED or SSE_AUTH_REQUIRED was set to false, rather than left at its default. */
  readonly guestsInvited: boolean;
  readonly listen: ListenSettings;
  readonly engine: EngineSettings;
  readonly log: LogSettings;
  readonly limits: LimitSettings;
  readonly clients: ClientSettings;
  readonly networks: NetworkSettings;
  readonly http: HttpSettings;
  readonly relay: RelaySettings;
  readonly room: RoomSettings;
  readonly presence: PresenceSettings;
  readonly websocket: WebSocketSettings;
  readonly sse: SseSettings;
  readonly chat: ChatSettings;
  readonly guests: GuestSettings;
  readonly jwt: JwtSettings;
  readonly apiKeys: ApiKeySettings;
  readonly hosts: HostSettings;
  readonly origins: OriginSettings;
  readonly history: HistorySettings;
  readonly quotas: QuotaSettings;
  readonly shutdown: ShutdownSettings;
  readonly pages: PageSettings;
}

export type {
  ApiKeySettings,
  ChatSettings,
  ClientSettings,
  EngineSettings,
  GuestSettings,
  HistorySettings,
  HostSettings,
  HttpSettings,
  JwtSettings,
  LimitSettings,
  ListenSettings,
  LogSettings,
  NetworkSettings,
  OriginSettings,
  PageSettings,
  PresenceSettings,
  QuotaSettings,
  RelaySettings,
  RoomSettings,
  ShutdownSettings,
  SseSettings,
  WebSocketSettings,
};
