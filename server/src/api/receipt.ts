import type { Receipt } from '../engine/engine.ts';

/** A text and its JSON, kept while the text stays the same: the receipts of a tick are of few channels. */
class Quoted {
  #text = '';
  #json = '""';

  of(text: string): string {
    if (text !== this.#text) {
      this.#json = JSON.stringify(text);
      this.#text = text;
    }
    return this.#json;
  }
}

const channels = new Quoted();
const epochs = new Quoted();

/** A `PublishedAnswer` as JSON text. */
export function receiptText({ id, channel, offset, epoch, duplicate }: Receipt): string {
  return `{"ok":true,"id":${JSON.stringify(id)},"channel":${channels.of(channel)},"offset":${offset},"epoch":${epochs.of(epoch)},"duplicate":${duplicate}}`;
}
