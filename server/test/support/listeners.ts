import { ChannelClient } from './channel-client.ts';
import { chat, enter, relay, room } from './doors.ts';
import type { Inbox } from './inbox.ts';
import type { TestServer } from './server.ts';
import type { Frame } from './socket-client.ts';

/** Somebody who listens to one channel in one dialect: the messages as that dialect shows them. */
export interface Listener {
  readonly dialect: 'relay' | 'room' | 'channel' | 'chat' | 'events';
  /** Everything that came so far, other frames left out. */
  messages(): Frame[];
  /** Resolves once it has so many. */
  received(count: number): Promise<Frame[]>;
}

function listener<T>(
  dialect: Listener['dialect'],
  inbox: Inbox<T>,
  messageOf: (item: T) => Frame | undefined,
): Listener {
  const messages = (): Frame[] => inbox.all.map(messageOf).filter((message) => message !== undefined);
  return {
    dialect,
    messages,
    async received(count) {
      await inbox.until(
        () => messages().length >= count,
        () => `${count} messages in dialect ${dialect}`,
      );
      return messages();
    },
  };
}

/** One listener in each of the five dialects. */
export async function listenEverywhere(fw: TestServer, channel: string): Promise<Listener[]> {
  const native = await ChannelClient.open(fw);
  await native.subscribe(channel);
  const stream = await fw.stream(`/sse/connect?channels=${encodeURIComponent(channel)}`);
  await stream.next('connected');
  const [relayed, roomed, chatting] = [
    await enter(fw, relay, channel),
    await enter(fw, room, channel, { user: 'room-listener' }),
    await enter(fw, chat, channel),
  ];
  const only = (holds: (frame: Frame) => boolean) => (frame: Frame) => (holds(frame) ? frame : undefined);
  return [
    listener(
      'relay',
      relayed.inbox,
      only((frame) => frame.type === 'message' && frame.room === channel),
    ),
    listener(
      'room',
      roomed.inbox,
      only((frame) => frame.type === 'chat.delivery' && frame.room === channel),
    ),
    listener(
      'channel',
      native.socket.inbox,
      only((frame) => frame.offset !== undefined && frame.channel === channel),
    ),
    listener(
      'chat',
      chatting.inbox,
      only((frame) => frame.action === 'message' && frame.room === channel),
    ),
    listener('events', stream.inbox, ({ data }) =>
      data.offset !== undefined && data.channel === channel ? data : undefined,
    ),
  ];
}
