import type { Reaction, Speech } from './speech.ts';

interface ServerFrame {
  readonly type?: unknown;
  readonly content?: { readonly type?: unknown; readonly error?: unknown } | null;
}

/** What a client of the channel dialect is there for. */
export interface ChannelPurpose {
  /** It is ready when the channel's messages will reach it; else as soon as it is greeted. */
  readonly subscribe: boolean;
  readonly channel: string;
}

/** The channel dialect. No action but `subscribe` asks for an answer. */
export function channelSpeech({ subscribe, channel }: ChannelPurpose): Speech {
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
