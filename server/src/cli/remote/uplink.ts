import { type RawData, WebSocket } from 'ws';
import { parseRefusal, type Refusal } from './refusal.ts';
import { addressOf, type Target } from './target.ts';

/** Milliseconds for the upgrade, and for the closing handshake. */
const openPatience = 30_000;
const closePatience = 1000;

/** How a connection ended. */
export type Ending =
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Something answered that is no Fanwire server. */
  | { readonly kind: 'strange'; readonly status: number }
  | { readonly kind: 'broken'; readonly thrown: unknown }
  /** Nothing came for too long. */
  | { readonly kind: 'silent' };

export interface UplinkEvents {
  /** Called with every frame. What it throws ends the connection, and is what `ended` rejects with. */
  frame(text: string): void;
}

/** One WebSocket of the channel dialect, from the upgrade to its end. */
export class Uplink {
  readonly ended: Promise<Ending>;
  readonly #socket: WebSocket;
  #silence: NodeJS.Timeout | null = null;
  #finish: (ending: Ending) => void = () => {};

  constructor(target: Target, events: UplinkEvents) {
    const address = addressOf(target, '/ws/connect');
    address.protocol = address.protocol.replace('http', 'ws');
    this.#socket = new WebSocket(address, { headers: target.headers, handshakeTimeout: openPatience });
    this.ended = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#socket.on('message', (data: RawData) => {
        this.#silence?.refresh();
        try {
          events.frame(String(data));
        } catch (thrown) {
          reject(thrown);
          this.#socket.terminate();
        }
      });
    });
    this.#socket.on('ping', () => this.#silence?.refresh());
    this.#socket.on('error', (thrown) => this.#finish({ kind: 'broken', thrown }));
    this.#socket.on('close', (code) => {
      if (this.#silence) clearTimeout(this.#silence);
      this.#finish({ kind: 'closed', code });
    });
    this.#readRefusal();
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** From now on, a silence this long (milliseconds) means that the other side is gone, whatever TCP thinks. */
  expectLife(within: number): void {
    if (this.#silence) clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#finish({ kind: 'silent' });
      this.#socket.terminate();
    }, within);
  }

  /** Ends it politely, and for certain. */
  close(): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else {
      this.#socket.close(1000);
      setTimeout(() => this.#socket.terminate(), closePatience).unref();
    }
  }

  #readRefusal(): void {
    this.#socket.on('unexpected-response', (_request, response) => {
      const { statusCode: status = 0, headers } = response;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('close', () => {
        const refusal = parseRefusal(status, body, headers['retry-after'] ?? null);
        this.#finish(refusal ? { kind: 'refused', refusal } : { kind: 'strange', status });
      });
    });
  }
}
