import type { Settings } from './settings.ts';

/** What a dialect asks of who wants in: credentials, or what it lets those do who have none. */
export type Door = 'credentials' | 'guests: none' | 'guests: subscribe' | 'guests: all';

/** Each dialect's door, by the dialect's name. */
export type Doors = Readonly<Record<'relay' | 'room' | 'channel' | 'chat' | 'events', Door>>;

export function doorsOf({ relay, websocket, chat, sse, guests }: Settings): Doors {
  const door = (authRequired: boolean): Door => (authRequired ? 'credentials' : `guests: ${guests.may}`);
  return {
    relay: door(relay.authRequired),
    room: 'credentials',
    channel: door(websocket.authRequired),
    chat: door(chat.authRequired),
    events: door(sse.authRequired),
  };
}

/** The dialects that let in who has no credentials. */
export function openTo(doors: Doors): string[] {
  return Object.entries(doors).flatMap(([dialect, door]) => (door === 'credentials' ? [] : [dialect]));
}
