import type { ChannelClient } from './channel-client.ts';

/** A client of the channel dialect, and the text of every frame as it came. */
export class WatchedText {
  readonly client: ChannelClient;
  readonly texts: string[] = [];

  constructor(client: ChannelClient) {
    this.client = client;
    // In front of the inbox: whoever waits for a frame finds its text.
    client.socket.ws.prependListener('message', (data) => this.texts.push(String(data)));
  }
}
