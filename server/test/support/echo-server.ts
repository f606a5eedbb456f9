import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Assembly, assemble } from '../../src/assembly.ts';
import { systemClock } from '../../src/clock.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Dialect, Session } from '../../src/dialect/dialect.ts';
import type { Message } from '../../src/engine/engine.ts';
import { Pipeline } from '../../src/middleware/pipeline.ts';
import { createLog } from '../../src/ops/log.ts';
import { Admission } from '../../src/transport/admission.ts';
import { BasePath } from '../../src/transport/base-path.ts';
import { frameOf } from '../../src/transport/websocket/frame.ts';
import { Peer } from '../../src/transport/websocket/peer.ts';
import { WebSocketTransport } from '../../src/transport/websocket/server.ts';

const finalText = 0x81;
const finalBinary = 0x82;

const entrance = { channels: [], room: null, clientId: null, name: null, watch: false, echo: true };

/** Says nothing by itself. */
const session: Session = {
  open: async () => {},
  command: () => ({ kind: 'none' }),
  execute: () => {},
  fail: () => {},
  wake: () => Number.POSITIVE_INFINITY,
  expelled: () => {},
  presence: () => {},
  gap: () => {},
  closed: () => {},
};

/** At every address. A message's data is the text of its frame. */
const echo: Dialect = {
  name: 'channel',
  requirements: { auth: false, user: false, origin: false },
  entrance: () => entrance,
  refusal: ({ message }) => message,
  encode: ({ data }) => data,
  open: () => session,
};

/** Sends back what came: texts by the encoder that the client's offer gave it, as messages go out. */
function sendBack(this: object, data: unknown, isBinary: boolean): void {
  if (!(this instanceof Peer) || this.connection === null) return;
  const { connection } = this;
  const text = String(data);
  // To an encoder an empty text is no frame.
  const plain = isBinary || text === '';
  const bytes = plain
    ? frameOf(isBinary ? finalBinary : finalText, data as Buffer)
    : connection.encoder.encode([{ data: text } as Message]);
  connection.push(bytes, 1, true);
}

export interface EchoServer extends AsyncDisposable {
  /** `ws://127.0.0.1:port` */
  readonly url: string;
}

/** The WebSocket transport of a server with these settings, which sends back every message as it came. */
export async function echoServer(env: Readonly<Record<string, string>> = {}): Promise<EchoServer> {
  const settings = loadSettings({ ENGINE: 'memory', LOG_LEVEL: 'warn', ...env });
  const assembly = await assemble(settings, {
    log: createLog(settings.log.level),
    clock: systemClock,
    management: 'nothing',
    extend: (report) => ({ pipeline: new Pipeline(report) }),
  });
  const transport = echoTransport(assembly);
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  server.on('upgrade', (http, socket, head) => transport.upgrade(http, socket, head));
  await new Promise<void>((resolve) => server.listen(settings.listen.port, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      assembly.node.wheel.close();
      await assembly.app.close();
      await assembly.node.hub.close();
    },
  };
}

function echoTransport({ settings: { websocket }, node, access, extensions }: Assembly): WebSocketTransport {
  return new WebSocketTransport({
    node,
    admission: new Admission({
      ...access,
      callers: node.callers,
      pipeline: extensions.pipeline,
      clock: node.clock,
    }),
    dialects: [echo],
    messageTimeout: websocket.messageTimeout,
    base: new BasePath(''),
    maxMessageSize: websocket.maxMessageSize,
    maxFragments: websocket.maxFragments,
    compression: websocket.compression,
    hear: sendBack,
  });
}
