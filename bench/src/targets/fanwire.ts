import { fileURLToPath } from 'node:url';
import { CHANNEL, type Purpose, type Reaction, type Speech, type Target } from './target.ts';

interface ServerFrame {
  readonly type?: unknown;
  readonly content?: { readonly type?: unknown; readonly error?: unknown } | null;
}

/** The channel dialect. No action but `subscribe` asks for an answer, as the rivals give none either. */
export function channelSpeech({ subscribe, channel = CHANNEL }: Purpose): Speech {
  const request = JSON.stringify({ action: 'subscribe', data: { channel }, request_id: 'subscribe' });
  const onConnected = subscribe ? { reply: request } : { ready: true };
  return {
    path: '/ws/connect',
    hear: (text) => hear(text, onConnected),
    publish: (content) => JSON.stringify({ action: 'send_to_channel', data: { channel, content } }),
  };
}

function hear(text: string, onConnected: Reaction): Reaction {
  const frame = JSON.parse(text) as ServerFrame;
  switch (frame.type) {
    case 'connected':
      return onConnected;
    case 'subscribed':
      return { ready: true };
    case 'error':
      return { complaint: `${frame.content?.type}: ${frame.content?.error}` };
    default:
      return {};
  }
}

/** Limits out of the way; everything else as a user gets it. */
const LIMITS = {
  PORT: '0',
  LOG_LEVEL: 'warn',
  WEBSOCKET_MAX_CONNECTIONS: '20000',
  SSE_MAX_CONNECTIONS: '20000',
  MAX_CONNECTIONS_TOTAL: '20000',
  MAX_CONNECTIONS_PER_ROOM: '20000',
};

const script = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));

export const fanwire: Target = {
  name: 'fanwire',
  title: 'Fanwire, sqlite engine',
  launch: {
    script,
    args: ['serve'],
    environment: (directory) => ({ ...LIMITS, DATABASE_PATH: `${directory}/chat.db` }),
  },
  speech: channelSpeech,
};

export const fanwireMemory: Target = {
  name: 'fanwire-memory',
  title: 'Fanwire, memory engine',
  launch: { script, args: ['serve'], environment: () => ({ ...LIMITS, ENGINE: 'memory' }) },
  speech: channelSpeech,
};
