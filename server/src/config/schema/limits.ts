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
    unit: 'frames per second',
    default: 1000,
    min: 0,
    max: 1_000_000,
    meaning:
      'Frames per second that one connection may send, pings and pongs too; over it `rate_limited`, then 4429. An API key has no limit; 0 is none.',
  },
  messageBurst: {
    env: 'MESSAGE_RATE_BURST',
    kind: 'integer',
    unit: 'frames',
    default: 5000,
    min: 1,
    max: 10_000_000,
    shownDefault: '5000; where `MESSAGE_RATE_LIMIT` is set, as many as in a second',
    meaning: 'Frames that one connection may send at once, one second’s worth at least.',
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
  /** Frames per second that one connection may send. Default 1000; 0 is no limit. */
  readonly messageRate: number;
  /** Frames that one connection may send at once. Default 5000; one second's worth where `messageRate` is set. */
  readonly messageBurst: number;
}
