import assert from 'node:assert/strict';
import { ChannelClient } from './channel-client.ts';
import { chat, enter, relay, room } from './doors.ts';
import type { TestServer } from './server.ts';
import type { Frame } from './socket-client.ts';

/** One of the ways by which clients publish, as the tests see it that hold for all of them. */
export interface WayIn {
  readonly name: string;
  readonly via: 'websocket' | 'http';
  readonly channel: string;
  /** The type of what it sends. */
  readonly type: string;
  readonly persist: boolean;
  /** The data of a message that it was given this text for. */
  data(text: string): unknown;
  /** Sends a text, and resolves to the code of the refusal, null when it was let through. */
  open(fw: TestServer): Promise<Sender>;
}

export type Sender = (text: string) => Promise<string | null>;

type Code = (frame: Frame) => string | null | undefined;

interface Socketed {
  readonly client: { send(frame: unknown): void; next(): Promise<Frame> };
  frame(text: string): object;
  /** The code of an error, null for the message itself or its acknowledgement, undefined for anything else. */
  readonly code: Code;
}

function sender({ client, frame, code }: Socketed): Sender {
  return async (text) => {
    client.send(frame(text));
    for (;;) {
      const answer = code(await client.next());
      if (answer !== undefined) return answer;
    }
  };
}

function socketWay(
  name: string,
  open: (fw: TestServer) => Promise<Socketed>,
  more: Partial<WayIn> = {},
): WayIn {
  return {
    name,
    via: 'websocket',
    channel: 'lobby',
    type: 'text',
    persist: false,
    data: (text) => text,
    open: async (fw) => sender(await open(fw)),
    ...more,
  };
}

const answered: Code = ({ type, content }) =>
  type === 'ack' ? null : type === 'error' ? content.type : undefined;

function channelWay(action: string, data: object, more: Partial<WayIn> = {}): WayIn {
  const open = async (fw: TestServer): Promise<Socketed> => ({
    client: (await ChannelClient.open(fw)).socket,
    frame: (text) => ({ action, data: { ...data, content: text }, request_id: 'r' }),
    code: answered,
  });
  return socketWay(`channel, ${action}`, open, more);
}

function httpWay(path: string, body: (text: string) => object, more: Partial<WayIn> = {}): WayIn {
  return {
    name: `POST ${path}`,
    via: 'http',
    channel: 'lobby',
    type: 'text',
    persist: false,
    data: (text) => text,
    open: async (fw) => async (text) => {
      const answer = await fw.call('POST', path, body(text));
      const [result] = answer.body.results ?? [answer.body];
      if (result.ok !== true) return result.error.code;
      assert.equal(answer.status, 200);
      return null;
    },
    ...more,
  };
}

/** Every way in. */
export const waysIn: readonly WayIn[] = [
  socketWay(
    'relay',
    async (fw) => ({
      client: await enter(fw, relay, 'lobby'),
      frame: (text) => relay.message('lobby', text),
      code: ({ type, payload }) => (type === 'message' ? null : type === 'error' ? payload.code : undefined),
    }),
    { data: (text) => ({ text }) },
  ),
  socketWay(
    'room',
    async (fw) => ({
      client: await enter(fw, room, 'lobby'),
      frame: (text) => ({ ...room.message('lobby', text), ref: 'r' }),
      code: ({ type, code }) => (type === 'chat.ack' ? null : type === 'system.error' ? code : undefined),
    }),
    { persist: true },
  ),
  socketWay(
    'chat',
    async (fw) => ({
      client: await enter(fw, chat, 'lobby'),
      frame: (text) => chat.message('lobby', text),
      code: ({ action, code }) => (action === 'message' ? null : action === 'error' ? code : undefined),
    }),
    { persist: true },
  ),
  channelWay('send_to_channel', { channel: 'lobby' }),
  channelWay('message', { channel: 'lobby' }),
  channelWay('message', {}, { name: 'channel, message to all', channel: '$all', type: 'broadcast' }),
  channelWay('send_to_user', { user_id: 'u2' }, { channel: '$user:u2', type: 'direct' }),
  httpWay('/api/publish', (data) => ({ channel: 'lobby', data })),
  httpWay('/api/publish', (data) => ({ channels: ['lobby'], data }), { name: 'POST /api/publish, channels' }),
  httpWay('/api/publish', (data) => ({ user_id: 'u2', data }), {
    name: 'POST /api/publish, user',
    channel: '$user:u2',
    type: 'direct',
  }),
  httpWay('/api/batch', (data) => ({ messages: [{ channel: 'lobby', data }] })),
  httpWay('/ws/broadcast', (content) => ({ message: { content } }), { channel: '$all', type: 'broadcast' }),
  httpWay('/ws/send-to-channel', (content) => ({ channel: 'lobby', message: { content } })),
  httpWay('/ws/send-to-user', (content) => ({ user_id: 'u2', message: { content } }), {
    channel: '$user:u2',
    type: 'direct',
  }),
  httpWay('/sse/send-to-channel', (data) => ({ channel: 'lobby', event: 'price', data }), { type: 'price' }),
  httpWay('/sse/notification', (content) => ({ title: 't', content, channel: 'lobby' }), {
    type: 'notification',
    data: (content) => ({ title: 't', content, type: 'info', auto_hide: true, duration: 5000 }),
  }),
];
