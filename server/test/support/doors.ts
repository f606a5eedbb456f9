import assert from 'node:assert/strict';
import { type TestServer, type TokenWishes, testOrigin } from './server.ts';
import type { Frame, SocketClient, SocketOptions } from './socket-client.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Who opens a connection and how. */
export interface Visit extends SocketOptions {
  /** Signs a token for this user; without it no credential is presented, where the dialect allows that. */
  readonly user?: string;
  readonly token?: TokenWishes;
  /** More of the query, as `&name=value`. */
  readonly query?: string;
}

/** A dialect of rooms, as the tests see it that hold for all of them. */
export interface Door {
  readonly name: 'relay' | 'room' | 'chat';
  /** The setting that makes credentials required; null where they always are. */
  readonly authSetting: string | null;
  /** Whether connecting is joining. */
  readonly roomInAddress: boolean;
  /** The address, for a room where it names one; every call is another client. */
  path(room: string): string;
  /** Headers without which nobody is let in. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes sure that a connection just opened is in the room, and answers with whatever it was told. */
  settle(client: SocketClient, room: string): Promise<Frame>;
  /** A text message to the room, and what everybody in the room then gets at least. */
  message(room: string, text: string): object;
  delivery(room: string, text: string): Fields;
  /** A frame that has no effect, and how its answer is told from anything else. */
  readonly probe: { readonly frame: object; readonly answers: (frame: Frame) => boolean };
  isError(frame: Frame): boolean;
  error(frame: Frame): { readonly code: string; readonly message: string };
}

let visitors = 0;

export const relay: Door = {
  name: 'relay',
  authSetting: 'RELAY_AUTH_REQUIRED',
  roomInAddress: true,
  path: (room) => `/ws?room=${encodeURIComponent(room)}&client_id=c${++visitors}`,
  headers: {},
  settle: (client, room) =>
    client.ask({ type: 'join', payload: { room } }, { type: 'joined', payload: { room } }),
  message: (room, text) => ({ type: 'message', room, payload: { text } }),
  delivery: (room, text) => ({ type: 'message', room, payload: { text } }),
  probe: {
    frame: { type: 'leave', payload: { room: 'nowhere' } },
    answers: ({ type, payload }) => type === 'error' && payload.message.includes('"nowhere"'),
  },
  isError: ({ type }) => type === 'error',
  error: ({ type, payload, ...rest }) => {
    assert.equal(type, 'error');
    assert.deepEqual(rest, {});
    return payload;
  },
};

export const room: Door = {
  name: 'room',
  authSetting: null,
  roomInAddress: true,
  path: (name) => `/ws/${encodeURIComponent(name)}?`,
  headers: { origin: testOrigin },
  settle: (client) => client.ask({ type: 'presence.list' }, { type: 'presence.state' }),
  message: (name, text) => ({ type: 'chat.message', room: name, text }),
  delivery: (name, text) => ({ type: 'chat.delivery', room: name, text }),
  probe: { frame: { type: 'presence.list' }, answers: ({ type }) => type === 'presence.state' },
  isError: ({ type }) => type === 'system.error',
  error: ({ type, code, message }) => {
    assert.equal(type, 'system.error');
    return { code, message };
  },
};

export const chat: Door = {
  name: 'chat',
  authSetting: 'CHAT_AUTH_REQUIRED',
  roomInAddress: false,
  path: () => '/?',
  headers: {},
  settle: (client, name) => client.ask({ action: 'join', room: name }, { action: 'joined', room: name }),
  message: (name, text) => ({ action: 'message', room: name, text }),
  delivery: (name, text) => ({ action: 'message', room: name, text }),
  probe: { frame: { action: 'rooms' }, answers: ({ action }) => action === 'rooms' },
  isError: ({ action }) => action === 'error',
  error: ({ action, code, message }) => {
    assert.equal(action, 'error');
    return { code, message };
  },
};

/** Opens a connection without waiting for anything but the upgrade. */
export async function open(
  fw: TestServer,
  door: Door,
  name: string,
  visit: Visit = {},
): Promise<SocketClient> {
  const { user = door.authSetting === null ? 'u1' : undefined, token, query = '', headers, ...more } = visit;
  const credential = user === undefined ? '' : `&token=${await fw.token(user, token)}`;
  return fw.socket(`${door.path(name)}${credential}${query}`, {
    headers: { ...door.headers, ...headers },
    ...more,
  });
}

/** Opens a connection that is in the room. */
export async function enter(
  fw: TestServer,
  door: Door,
  name: string,
  visit: Visit = {},
): Promise<SocketClient> {
  const client = await open(fw, door, name, visit);
  await door.settle(client, name);
  return client;
}

/** Everything that came unread, up to now: a frame without effect goes to the server and its answer comes back. */
export async function heard({ probe }: Door, client: SocketClient): Promise<Frame[]> {
  const before = [...client.inbox.unread];
  const known = before.length;
  client.send(probe.frame);
  await client.inbox.until(() => client.inbox.unread.slice(known).some(probe.answers));
  const since = client.inbox.unread.slice(known);
  const end = since.findIndex(probe.answers);
  for (let count = known + end + 1; count > 0; count--) await client.inbox.next();
  return [...before, ...since.slice(0, end)];
}

/** Sends a text and waits until the sender itself has it: it is committed, and delivered to everyone here. */
export async function say(door: Door, client: SocketClient, name: string, text: string): Promise<Frame> {
  return client.ask(door.message(name, text), door.delivery(name, text));
}

/** The next frame is an error with this code, and says something. */
export async function fails(door: Door, client: SocketClient, code: string): Promise<string> {
  const error = door.error(await client.next());
  assert.deepEqual(Object.keys(error).sort(), ['code', 'message']);
  assert.equal(error.code, code, error.message);
  assert.notEqual(error.message, '');
  return error.message;
}
