import { field, isObject, type JsonObject } from '../../json.ts';
import { Failure } from '../exit.ts';
import { type Line, linesOf } from '../input-lines.ts';
import type { Output } from '../output/output.ts';
import { textIn } from './api.ts';
import { type Publisher, printReceipt } from './publisher.ts';
import { RefusedByServer } from './refusal.ts';

/** Characters of one request: far below what any server takes. */
const batchLength = 256 * 1024;
/** Refusals that are told one by one. */
const toldRefusals = 10;
/** Codes that are about one message: the next one may be better. */
const ofMessage = new Set(['bad_request', 'bad_json', 'too_large']);

/**
 * Publishes each line, in order; lines that came together go out together. A line that the server does not take is
 * told on standard error and does not hold up the others. Throws a Failure at the end when there was such a line, and
 * at once when the server refuses for a reason that holds for all lines, or is gone.
 */
export async function publishLines(
  input: AsyncIterable<Buffer>,
  publisher: Publisher,
  output: Output,
): Promise<void> {
  const tally = new Tally(output);
  for await (const lines of linesOf(input)) {
    const readable = lines.filter((line) => isReadable(line));
    for (const { number } of lines.filter((line) => !isReadable(line)))
      tally.refuse(number, 'the line is not UTF-8');
    for (const batch of batchesOf(readable, publisher.most)) await publishBatch(batch, publisher, tally);
  }
  tally.end();
}

interface ReadableLine extends Line {
  readonly text: string;
}

function isReadable(line: Line): line is ReadableLine {
  return line.text !== null;
}

async function publishBatch(
  batch: readonly ReadableLine[],
  publisher: Publisher,
  tally: Tally,
): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  try {
    const results = await publisher.many(batch.map(({ text }) => text));
    batch.forEach(({ number }, at) => {
      tally.add(number, results[at] ?? {});
    });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const isOfMessage = thrown instanceof RefusedByServer && ofMessage.has(thrown.code);
    if (batch.length > 1 || !isOfMessage) throw tally.stop(first.number, thrown.message);
    tally.refuse(first.number, thrown.message);
  }
  tally.check();
}

/** What became of the lines. */
class Tally {
  readonly #output: Output;
  #published = 0;
  #refused = 0;
  /** Why the lines behind are not even tried. */
  #hopeless: string | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  add(line: number, result: JsonObject): void {
    const error = field(result, 'error');
    if (!isObject(error)) {
      this.#published++;
      printReceipt(this.#output, result);
      return;
    }
    const text = `${textIn(error, 'message')} (${textIn(error, 'code')})`;
    if (!ofMessage.has(textIn(error, 'code'))) this.#hopeless ??= `line ${line}: ${text}`;
    this.refuse(line, text);
  }

  refuse(line: number, text: string): void {
    this.#refused++;
    if (this.#refused <= toldRefusals) this.#output.note(`line ${line}: ${text}`);
  }

  /** Throws when nothing more is to be hoped for. */
  check(): void {
    if (this.#hopeless !== null) throw this.#failure(`stopped at ${this.#hopeless}`);
  }

  stop(line: number, text: string): Failure {
    return this.#failure(`stopped at line ${line}: ${text}`);
  }

  end(): void {
    if (this.#refused > 0) throw this.#failure('not every line was published.');
  }

  #failure(text: string): Failure {
    return new Failure(`${text}\n  Published: ${this.#published}. Refused: ${this.#refused}.`);
  }
}

function* batchesOf(lines: readonly ReadableLine[], size: number): Generator<ReadableLine[]> {
  let batch: ReadableLine[] = [];
  let length = 0;
  for (const line of lines) {
    if (batch.length === size || (batch.length > 0 && length + line.text.length > batchLength)) {
      yield batch;
      [batch, length] = [[], 0];
    }
    batch.push(line);
    length += line.text.length;
  }
  if (batch.length > 0) yield batch;
}
