import { fileURLToPath } from 'node:url';
import { channelSpeech } from '../../../server/src/load/channel-speech.ts';
import type { Speech } from '../../../server/src/load/speech.ts';
import { version } from '../../../server/src/version.ts';
import { CHANNEL, type Purpose, type Target } from './target.ts';

function speech({ subscribe, channel = CHANNEL }: Purpose): Speech {
  return channelSpeech({ subscribe, channel });
}

/** Limits out of the way; everything else as a user gets it. */
const LIMITS = {
  PORT: '0',
  LOG_LEVEL: 'warn',
  WEBSOCKET_MAX_CONNECTIONS: '20000',
  SSE_MAX_CONNECTIONS: '20000',
  MAX_CONNECTIONS_TOTAL: '20000',
  MAX_CONNECTIONS_PER_ROOM: '20000',
  MESSAGE_RATE_LIMIT: '0',
};

const script = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));

export const fanwire: Target = {
  name: 'fanwire',
  title: `Fanwire ${version}, sqlite engine`,
  version,
  launch: {
    script,
    args: ['serve'],
    environment: (directory) => ({ ...LIMITS, DATABASE_PATH: `${directory}/chat.db` }),
  },
  speech,
};

export const fanwireWorkers: Target = {
  ...fanwire,
  name: 'fanwire-workers',
  title: `Fanwire ${version}, sqlite engine, 2 workers`,
  launch: {
    script,
    args: ['serve', '--workers', '2'],
    environment: (directory) => ({ ...LIMITS, DATABASE_PATH: `${directory}/chat.db` }),
  },
};

export const fanwireMemory: Target = {
  name: 'fanwire-memory',
  title: `Fanwire ${version}, memory engine`,
  version,
  launch: { script, args: ['serve'], environment: () => ({ ...LIMITS, ENGINE: 'memory' }) },
  speech,
};
