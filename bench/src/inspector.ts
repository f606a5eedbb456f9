import { once } from 'node:events';
import WebSocket from 'ws';

/** What `process.memoryUsage()` says inside a server, bytes. `external` includes `arrayBuffers`. */
export interface MemoryUsage {
  readonly rss: number;
  readonly heapTotal: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

const ANSWER_TIMEOUT_MS = 60_000;

/** A session with a server's inspector: the way to a garbage collection in a server that offers none. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  #lastId = 0;

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, 'open', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => socket.terminate());
  }

  async collectGarbage(): Promise<void> {
    await this.#call('HeapProfiler.collectGarbage', {});
  }

  async memoryUsage(): Promise<MemoryUsage> {
    const expression = 'JSON.stringify(process.memoryUsage())';
    const answer = (await this.#call('Runtime.evaluate', { expression, returnByValue: true })) as {
      result?: { value?: unknown };
    };
    const text = answer.result?.value;
    if (typeof text !== 'string') throw new Error('the inspector did not tell the memory usage');
    return JSON.parse(text) as MemoryUsage;
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  async #call(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    this.#socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = (await once(this.#socket, 'message', { signal })) as [Buffer];
      const message = JSON.parse(data.toString()) as { id?: number; result?: unknown; error?: unknown };
      if (message.id !== id) continue;
      if (message.error !== undefined) throw new Error(`${method}: ${JSON.stringify(message.error)}`);
      return message.result;
    }
  }
}
