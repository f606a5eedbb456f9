import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSourcePolyfill } from 'event-source-polyfill';
import { EventSource } from 'eventsource';
import { Inbox } from './inbox.ts';
import { lacks, python } from './needs.ts';
import type { Frame } from './socket-client.ts';

/** An event as a library gave it. */
export interface Seen {
  readonly event: string;
  readonly data: Frame;
}

/** Somebody else's client that comes back by itself. */
export interface Reader {
  readonly seen: Inbox<Seen>;
  close(): void;
}

interface Library {
  readonly skip: string | false;
  /** Those who give nothing that they were not asked for are asked for `names`. */
  open(url: string, names: readonly string[]): Reader;
}

/** What a page has and Node lacks, as far as the libraries for pages look at it. */
const page = {
  window: globalThis,
  document: { hidden: false, addEventListener() {}, removeEventListener() {} },
};

/** What the libraries for pages have in common. */
interface Source {
  addEventListener(name: string, listener: (event: object) => void): void;
  close(): void;
}

function byEventSource(make: (url: string) => Source): Library['open'] {
  return (url, names) => {
    const source = make(url);
    const seen = new Inbox<Seen>(url);
    for (const event of names) {
      source.addEventListener(event, (told) => {
        if ('data' in told) seen.put({ event, data: JSON.parse(String(told.data)) });
      });
    }
    return { seen, close: () => source.close() };
  };
}

function byFetchEventSource(url: string): Reader {
  Object.assign(globalThis, page);
  const seen = new Inbox<Seen>(url);
  const stop = new AbortController();
  void fetchEventSource(url, {
    signal: stop.signal,
    openWhenHidden: true,
    onmessage: ({ event, data }) => {
      if (data !== '') seen.put({ event, data: JSON.parse(data) });
    },
    // As its page says: it comes back after a failure, and an end is none unless it is made one.
    onclose: () => {
      throw new Error('the stream ended');
    },
    onerror: () => 50,
  });
  return { seen, close: () => stop.abort() };
}

const script = join(import.meta.dirname, 'stream-reader.py');

function byPython(library: string): Library {
  const open = (url: string): Reader => {
    const child = spawn(python, ['-u', script, library, url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const seen = new Inbox<Seen>(`${library} ${url}`);
    createInterface({ input: child.stdout }).on('line', (line) => seen.put(JSON.parse(line)));
    child.on('close', (code) => seen.end(`it ended with ${code}`));
    return { seen, close: () => child.kill('SIGKILL') };
  };
  return { skip: lacks('python'), open };
}

export const libraries: Readonly<Record<string, Library>> = {
  eventsource: { skip: false, open: byEventSource((url) => new EventSource(url)) },
  'event-source-polyfill': { skip: false, open: byEventSource((url) => new EventSourcePolyfill(url)) },
  '@microsoft/fetch-event-source': { skip: false, open: byFetchEventSource },
  requests: byPython('requests'),
  'httpx-sse': byPython('httpx-sse'),
  'sseclient-py': byPython('sseclient-py'),
  aiohttp: byPython('aiohttp'),
};
