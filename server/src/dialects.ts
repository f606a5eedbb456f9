import type { Settings } from './config/settings.ts';
import { ChannelDialect } from './dialect/channel/dialect.ts';
import { ChatDialect } from './dialect/chat/dialect.ts';
import type { Dialect, Services } from './dialect/dialect.ts';
import { EventsDialect } from './dialect/events/dialect.ts';
import { RelayDialect } from './dialect/relay/dialect.ts';
import { RoomDialect } from './dialect/room/dialect.ts';

/** Every dialect with its settings. A new one is added here and nowhere else. */
export function createDialects(
  services: Services,
  { relay, room, websocket, chat, sse, limits }: Settings,
): { readonly webSocket: readonly Dialect[]; readonly events: EventsDialect } {
  return {
    webSocket: [
      new ChannelDialect(services, websocket),
      new RelayDialect(services, { ...relay, connectionsPerRoom: limits.connectionsPerRoom }),
      new RoomDialect(services, room),
      new ChatDialect(services, {
        ...chat,
        pingInterval: websocket.heartbeatInterval,
        idleTimeout: websocket.disconnectTimeout,
      }),
    ],
    events: new EventsDialect(services, sse),
  };
}
