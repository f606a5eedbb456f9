import { fileURLToPath } from 'node:url';
import { channelSpeech } from '../../../server/src/load/channel-speech.ts';
import { CHANNEL, type Target, versionOf } from './target.ts';

/** The least that a hand-written server with rooms does: a `Map` of `Set`s, and `send` to every member. */
export const wsRooms: Target = {
  name: 'ws-rooms',
  title: `a loop of ws.send() over a room's members, ws ${versionOf('ws')}`,
  version: versionOf('ws'),
  launch: {
    script: fileURLToPath(new URL('../rivals/ws-rooms.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech: ({ subscribe, channel = CHANNEL }) => ({ ...channelSpeech({ subscribe, channel }), path: '/' }),
};
