import { isObject } from '../../json.ts';
import { parseLossless } from '../output/lossless.ts';
import { printable, widthOf } from '../output/text.ts';
import { localTime } from '../output/time.ts';
import { numberIn, textIn } from './api.ts';
import { senderOf } from './message-cells.ts';
import type { Gap } from './progress.ts';

/** Columns of what is usual; longer texts push the rest of their line. */
const offsetWidth = 6;
const senderWidth = 12;

/** Messages on a terminal, each on a line as it comes: the columns cannot wait for the widest cell. */
export class FollowPrinter {
  /** 0 for a single channel, which needs no column. */
  readonly #channelWidth: number;

  constructor(channels: readonly string[]) {
    this.#channelWidth =
      channels.length === 1 ? 0 : Math.max(...channels.map((name) => widthOf(printable(name))));
  }

  /** `text` is the frame. */
  message(text: string): string {
    const parsed = parseLossless(text);
    const frame = isObject(parsed) ? parsed : {};
    const type = textIn(frame, 'type');
    const content = printable(textIn(frame, 'content'));
    return [
      localTime(numberIn(frame, 'timestamp')),
      ...this.#channel(textIn(frame, 'channel')),
      String(numberIn(frame, 'offset')).padStart(offsetWidth),
      filled(senderOf(frame) || '-', senderWidth),
      type === 'text' ? content : `[${printable(type)}] ${content}`,
    ].join('  ');
  }

  gap(channel: string, { from, to }: Gap): string {
    const range = from === to ? `message ${from} is` : `messages ${from} to ${to} are`;
    const what =
      to === null
        ? 'the position is not of the history that there is now; what was missed cannot be told'
        : `${range} not kept any more`;
    return `--- gap in ${printable(channel)}: ${what} ---`;
  }

  #channel(name: string): string[] {
    return this.#channelWidth === 0 ? [] : [filled(name, this.#channelWidth)];
  }
}

function filled(text: string, width: number): string {
  const shown = printable(text);
  return shown + ' '.repeat(Math.max(0, width - widthOf(shown)));
}
