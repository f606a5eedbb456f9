import { deletedType } from './engine/engine.ts';

/** Types of the server's own frames to a client of the channel dialect. */
export const channelFrames = [
  'ack',
  'connected',
  'error',
  'gap',
  'heartbeat',
  'history',
  'live',
  'pong',
  'presence',
  'presence_join',
  'presence_leave',
  'refreshed',
  'subscribed',
  'unsubscribed',
] as const;

/** The server's own events on an event stream. */
export const streamEvents = [
  'channels',
  'closed',
  'connected',
  'error',
  'gap',
  'live',
  'unsubscribed',
] as const;

export type ChannelFrame = (typeof channelFrames)[number];
export type StreamEvent = (typeof streamEvents)[number];

/** What no message may have for its type: forged by a publisher, it would be taken for the server's word. */
export const reservedTypes: ReadonlySet<string> = new Set([...channelFrames, ...streamEvents, deletedType]);
