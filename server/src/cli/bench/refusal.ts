import { messageOf } from '../../load/message-of.ts';
import { Refused } from '../../load/refused.ts';
import { Failure } from '../exit.ts';
import { printable } from '../output/text.ts';
import { type Advice, parseRefusal, refused, strangeAnswer } from '../remote/refusal.ts';
import type { Target } from '../remote/target.ts';
import type { BenchOptions } from './options.ts';
import type { Scenario } from './scenario.ts';

/** What the operator is told of a scenario that could not be measured. */
export function failureOf(
  target: Target,
  scenario: Scenario,
  options: BenchOptions,
  thrown: unknown,
): Failure {
  if (thrown instanceof Failure) return thrown;
  if (!(thrown instanceof Refused)) return new Failure(printable(`${messageOf(thrown)}${hintFor(thrown)}`));
  const refusal = parseRefusal(thrown.status, thrown.body, null);
  if (refusal === null) return strangeAnswer(target, thrown.status);
  const advice: Advice = refusal.code === 'server_full' ? { 503: moreRoom(scenario, options) } : {};
  return refused(target, refusal, advice);
}

function moreRoom({ limit }: Scenario, { connections }: BenchOptions): string {
  const settings = ['MAX_CONNECTIONS_TOTAL', ...(limit === null ? [] : [limit])].join(' and ');
  return `The bench opens ${connections} connections: raise ${settings} of the server, or give fewer --connections.`;
}

/** A limit that the server tells over an open connection. */
function hintFor(thrown: unknown): string {
  return messageOf(thrown).includes('rate_limited')
    ? ' (MESSAGE_RATE_LIMIT of the server holds the bench back: it has to be 0, or give the bench an API key)'
    : '';
}
