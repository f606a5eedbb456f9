import assert from 'node:assert/strict';
import type { TestServer, TokenWishes } from './server.ts';
import type { Frame, SocketClient, SocketOptions } from './socket-client.ts';

export interface ChannelVisit extends SocketOptions {
  /** Connects with a token of this user. */
  readonly user?: string;
  readonly wishes?: TokenWishes;
  /** The query of the address, without `?` and token. */
  readonly query?: string;
}

/** A message, as opposed to any other frame of the channel dialect. */
export function isMessage(frame: Frame): boolean {
  return frame.offset !== undefined;
}

/** A client of the channel dialect (`/ws/connect`) that has been greeted. */
export class ChannelClient {
  readonly socket: SocketClient;
  readonly greeting: Frame;
  #asked = 0;

  private constructor(socket: SocketClient, greeting: Frame) {
    this.socket = socket;
    this.greeting = greeting;
  }

  static async open(fw: TestServer, visit: ChannelVisit = {}): Promise<ChannelClient> {
    const { user, wishes, query = '', ...options } = visit;
    const token = user === undefined ? '' : `token=${await fw.token(user, wishes)}&`;
    const socket = await fw.socket(`/ws/connect?${token}${query}`, options);
    return new ChannelClient(socket, await socket.next({ type: 'connected' }));
  }

  get id(): string {
    return this.greeting.content.connection_id;
  }

  /** Everything that came, in the order of its coming. */
  get frames(): readonly Frame[] {
    return this.socket.inbox.all;
  }

  /** What was sent to its user or to everyone, or to the named channel, so far. */
  messages(channel: string): Frame[] {
    return this.frames.filter((frame) => isMessage(frame) && frame.channel === channel);
  }

  contents(channel: string): unknown[] {
    return this.messages(channel).map(({ content }) => content);
  }

  offsets(channel: string): number[] {
    return this.messages(channel).map(({ offset }) => offset);
  }

  /** Offset of the last message of the channel that came; 0 before the first. */
  last(channel: string): number {
    return this.frames.findLast((frame) => isMessage(frame) && frame.channel === channel)?.offset ?? 0;
  }

  /** Resolves once this message of the channel, or a later one, is here. */
  reached(channel: string, offset: number): Promise<void> {
    return this.socket.inbox.until(
      () => this.last(channel) >= offset,
      () => `message ${offset} of ${channel}, after ${this.last(channel)}`,
    );
  }

  send(action: string, data?: unknown, request_id?: string | number): void {
    this.socket.send({ action, data, request_id });
  }

  /** Sends an action with a `request_id` of its own and returns the one answer that carries it. */
  async ask(action: string, data: object = {}): Promise<Frame> {
    const request_id = `request-${++this.#asked}`;
    this.send(action, data, request_id);
    const carries = (frame: Frame): boolean => frame.request_id === request_id;
    const answer = await this.socket.inbox.next(carries);
    assert.equal(this.frames.filter(carries).length, 1);
    return answer;
  }

  /** The code of the error that answers the action, with what every error frame has checked. */
  async refusal(action: string, data: object = {}): Promise<string> {
    const { type, content, request_id, timestamp, ...rest } = await this.ask(action, data);
    assert.equal(type, 'error', JSON.stringify(content));
    assert.deepEqual(rest, {});
    assert.ok(request_id.startsWith('request-') && Number.isSafeInteger(timestamp));
    assert.deepEqual(Object.keys(content), ['type', 'error', 'retryable']);
    assert.ok(typeof content.error === 'string' && content.error !== '');
    return content.type;
  }

  /** The content of `subscribed`. */
  async subscribe(channel: string, more: object = {}): Promise<Frame> {
    const { type, content } = await this.ask('subscribe', { channel, ...more });
    assert.equal(type, 'subscribed', JSON.stringify(content));
    return content;
  }

  /** The content of the `ack`. */
  async publish(channel: string, content: unknown, more: object = {}): Promise<Frame> {
    const answer = await this.ask('send_to_channel', { channel, content, ...more });
    assert.equal(answer.type, 'ack', JSON.stringify(answer.content));
    return answer.content;
  }

  /** Publishes 1, 2, 3 … up to `count` and resolves when the last one is acknowledged. */
  async publishMany(channel: string, count: number, more: object = {}): Promise<void> {
    for (let content = 1; content < count; content++) {
      this.send('send_to_channel', { channel, content, ...more });
    }
    await this.publish(channel, count, more);
  }

  /** Resolves when everything that the server had sent to it before this call is here. */
  async settled(): Promise<void> {
    await this.ask('ping');
  }

  close(): void {
    this.socket.close();
  }
}
