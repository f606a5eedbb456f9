import { fileURLToPath } from 'node:url';
import { CHANNEL, type Target, versionOf } from './target.ts';

/** The least that a hand-written server does: parse, build the delivery, `client.send` to everyone. */
export const wsLoop: Target = {
  name: 'ws-loop',
  title: `a loop of ws.send(), ws ${versionOf('ws')}`,
  version: versionOf('ws'),
  launch: {
    script: fileURLToPath(new URL('../rivals/ws-loop.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech: () => ({
    path: '/',
    hear: (text) => ((JSON.parse(text) as { type?: unknown }).type === 'connected' ? { ready: true } : {}),
    publish: (content) => JSON.stringify({ action: 'send_to_channel', data: { channel: CHANNEL, content } }),
  }),
};
