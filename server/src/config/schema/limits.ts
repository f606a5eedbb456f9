import type { ChannelSet } from '../../access/channel-set.ts';
import type { Setting } from '../setting.ts';
import { mebibyte } from '../units.ts';

export const limits = {
  connections: {
    env: 'MAX_CONNECTIONS_TOTAL',
    kind: 'integer',
    unit: 'connections',
    default: 1000,
    min: 1,
    max: 10_000_000,
    meaning:
      'Connections of the whole server, every dialect and SSE; one more is refused with 503 `server_full`.',
  },
  connectionsPerRoom: {
    env: 'MAX_CONNECTIONS_PER_ROOM',
    kind: 'integer',
    unit: 'connections',
    default: 100,
    min: 1,
    max: 10_000_000,
    meaning:
      'Connections in one room; one more is refused with 503 `room_full`, or when joining with `limit_reached`.',
  },
  backlogBytes: {
    env: 'MAX_BACKLOG_BYTES',
    kind: 'bytes',
    default: mebibyte,
    min: 1024,
    max: 1024 * mebibyte,
    meaning:
      'Bytes waiting for one connection beyond what the kernel took; over it the connection is closed with 4413.',
  },
  backlogLatest: {
    env: 'BACKLOG_LATEST',
    kind: 'list',
    default: null,
    takes: 'channel names, separated by commas, in which `*` stands for any characters',
    meaning:
      'Channels whose state matters more than its steps: of what waits for a slow reader, only the newest message is kept.',
  },
  backlogDrop: {
    env: 'BACKLOG_DROP',
    kind: 'list',
    default: null,
    takes: 'channel names, separated by commas, in which `*` stands for any characters',
    meaning:
      'Channels whose oldest waiting messages a slow reader loses, instead of its connection; it is told of the gap.',
  },
  channelsPerConnection: {
    env: 'MAX_CHANNELS_PER_CONNECTION',
    kind: 'integer',
    unit: 'channels',
    default: 128,
    min: 1,
    max: 100_000,
    meaning: 'Channels that one connection may be subscribed to; one more is refused with `limit_reached`.',
  },
  messageRate: {
    env: 'MESSAGE_RATE_LIMIT',
    kind: 'integer',
    unit: 'messages per second',
    default: 0,
    min: 0,
    max: 1_000_000,
    meaning: 'Messages per second that one connection may send; 0 is no limit.',
  },
} as const satisfies Record<string, Setting>;

export interface LimitSettings {
  /** Connections of the whole server, every dialect and SSE, at least 1. Default 1000. */
  readonly connections: number;
  /** Connections in one room, at least 1. Default 100. */
  readonly connectionsPerRoom: number;
  /** Bytes waiting for one connection beyond what the kernel took. Default 1 MiB. */
  readonly backlogBytes: number;
  /** Channels of which only the newest message waits for a slow reader. Default none. */
  readonly backlogLatest: ChannelSet;
  /** Channels whose oldest messages a slow reader loses, and is told so. Default none. Those of `latest` come first. */
  readonly backlogDrop: ChannelSet;
  /** Channels that one connection may be subscribed to, at least 1. Default 128. */
  readonly channelsPerConnection: number;
  /** Messages per second that one connection may send. Default 0, which is no limit. */
  readonly messageRate: number;
}
