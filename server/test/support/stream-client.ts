import { get, type IncomingMessage } from 'node:http';
import { Inbox } from './inbox.ts';
import { type Frame, hasFields, Refused } from './socket-client.ts';

/** One event as the HTML standard's parser would dispatch it, with the data parsed as JSON. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Frame;
}

/**
 * A reader of Server-Sent Events (HTML standard, 9.2.6) that keeps every event from its birth. It does not say that it
 * accepts nothing else, as an EventSource does, and so sees every refusal as its status.
 */
export class StreamClient {
  readonly inbox: Inbox<StreamEvent>;
  readonly comments: Inbox<string>;
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  /** The raw text so far. */
  text = '';
  headers: IncomingMessage['headers'] = {};
  retry: number | null = null;
  lastEventId = '';
  readonly #request: ReturnType<typeof get>;
  #rest = '';
  #event = '';
  #data: string[] = [];

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.inbox = new Inbox(url);
    this.comments = new Inbox(`comments of ${url}`);
    let resolveEnded = (): void => {};
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    let resolveOpened = (): void => {};
    let rejectOpened = (_thrown: unknown): void => {};
    this.opened = new Promise((resolve, reject) => {
      resolveOpened = resolve;
      rejectOpened = reject;
    });
    this.opened.catch(() => {});
    this.#request = get(url, { headers: { accept: '*/*', ...headers }, agent: false }, (response) => {
      this.headers = response.headers;
      response.setEncoding('utf8');
      if (response.statusCode === 200) {
        resolveOpened();
        response.on('data', (chunk: string) => this.#read(chunk));
      } else collect(response, rejectOpened);
      const end = (): void => {
        this.inbox.end('the stream ended');
        resolveEnded();
      };
      response.on('close', end);
      response.on('error', end);
    });
    this.#request.on('error', rejectOpened);
  }

  /** The next event of this name whose data has these fields. */
  next(event: string, fields: Readonly<Record<string, unknown>> = {}): Promise<StreamEvent> {
    return this.inbox.next((item) => item.event === event && hasFields(item.data, fields));
  }

  close(): void {
    this.#request.destroy();
  }

  #read(chunk: string): void {
    this.text += chunk;
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') this.#dispatch();
    else if (line.startsWith(':')) this.comments.put(line.slice(1).trim());
    else this.#field(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^ /, ''));
  }

  #field(name: string, value: string): void {
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.lastEventId = value;
    else if (name === 'retry') this.retry = Number(value);
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      const data: Frame = JSON.parse(this.#data.join('\n'));
      this.inbox.put({ event: this.#event || 'message', id: this.lastEventId, data });
    }
    this.#event = '';
    this.#data = [];
  }
}

function collect(response: IncomingMessage, reject: (thrown: unknown) => void): void {
  let text = '';
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('end', () => {
    reject(new Refused(response.statusCode ?? 0, response.headers, text === '' ? null : JSON.parse(text)));
  });
}
