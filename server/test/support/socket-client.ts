import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { Inbox } from './inbox.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a server sends is what the test is about
export type Frame = any;

export interface SocketOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: string[];
  /** Answer pings; default true. */
  readonly autoPong?: boolean;
}

/** The server refused before the upgrade or the stream. */
export class Refused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Frame;

  constructor(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: Frame) {
    super(`refused with ${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** Fanwire's refusals are JSON; an application's may be anything. */
function bodyOf({ headers }: IncomingMessage, text: string): Frame {
  return headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A `ws` client that keeps every frame from its birth. */
export class SocketClient {
  readonly ws: WebSocket;
  readonly inbox: Inbox<Frame>;
  readonly pings: Inbox<number>;
  readonly opened: Promise<void>;
  readonly closed: Promise<Closed>;

  constructor(url: string, { headers = {}, protocols = [], autoPong = true }: SocketOptions) {
    this.inbox = new Inbox(url);
    this.pings = new Inbox(`pings of ${url}`);
    this.ws = new WebSocket(url, protocols, { headers, autoPong });
    this.ws.on('message', (data) => this.inbox.put(JSON.parse(String(data))));
    this.ws.on('ping', () => this.pings.put(Date.now()));
    this.ws.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => {
        this.inbox.end(`closed with ${code} ${reason}`);
        resolve({ code, reason: String(reason) });
      });
    });
    this.opened = new Promise((resolve, reject) => {
      this.ws.on('open', () => resolve());
      this.ws.on('error', reject);
      this.ws.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          reject(new Refused(response.statusCode ?? 0, response.headers, bodyOf(response, text)));
        });
      });
    });
    this.opened.catch(() => {});
  }

  /** Sends a value as JSON, or a text as it is. */
  send(frame: unknown): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame that has all of these fields, deeply equal as JSON. */
  next(fields: Readonly<Record<string, unknown>> = {}): Promise<Frame> {
    return this.inbox.next((frame) => hasFields(frame, fields));
  }

  /** Sends and waits for the answer with the same fields. */
  ask(frame: unknown, fields: Readonly<Record<string, unknown>>): Promise<Frame> {
    this.send(frame);
    return this.next(fields);
  }

  close(): void {
    this.ws.terminate();
  }
}

export function hasFields(frame: Frame, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(
    ([name, value]) => JSON.stringify(frame?.[name]) === JSON.stringify(value),
  );
}
