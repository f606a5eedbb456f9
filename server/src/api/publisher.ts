import type { Principal } from '../access/principal.ts';
import { requester } from '../publishing/author.ts';
import type { Outgoing, Target } from '../publishing/message.ts';
import type { Publishing } from '../publishing/publishing.ts';
import type { Answered } from './posting.ts';
import { receiptText } from './receipt.ts';

/**
 * Publishes for a principal whose scope has been checked, and answers with the receipt once the message is committed.
 * Without middleware no promise is made: the answer is sent from the tick. Throws `forbidden` or `too_large`.
 */
export function post(
  publishing: Publishing,
  principal: Principal,
  target: Target,
  message: Outgoing,
  answered: Answered,
): void {
  const handed = publishing.publish(requester(principal), target, message, (error, receipt) => {
    if (receipt === null) answered(error, '');
    else answered(null, receiptText(receipt));
  });
  handed?.catch((thrown) => answered(thrown ?? new Error('nothing was thrown'), ''));
}
