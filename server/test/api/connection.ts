import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { anonymous } from '../../src/access/principal.ts';
import type { CloseCode } from '../../src/codes.ts';
import type { DialectName, Session } from '../../src/dialect/dialect.ts';
import { uuidv7 } from '../../src/ids.ts';
import type { TransportName } from '../../src/transport/capacity.ts';
import { Connection, type Wire } from '../../src/transport/connection.ts';
import type { Node } from '../../src/transport/node.ts';

/** A wire to nobody, which remembers how it was closed. */
class FakeWire implements Wire {
  readonly transport: TransportName;
  readonly socket = Object.assign(new PassThrough(), { remoteAddress: '192.0.2.1' }) as unknown as Socket;
  readonly held = false;
  readonly ping = null;
  readonly closedWith: CloseCode[] = [];

  constructor(transport: TransportName) {
    this.transport = transport;
  }

  frame(text: string): Buffer {
    return Buffer.from(text);
  }

  sharedFrame(text: string): Buffer {
    return this.frame(text);
  }

  probe(): null {
    return null;
  }

  close(code: CloseCode): void {
    this.closedWith.push(code);
  }

  pause(): void {}
  resume(): void {}
}

export interface FakeClient {
  readonly connection: Connection;
  readonly closedWith: CloseCode[];
}

export interface ClientOptions {
  readonly user?: string;
  readonly transport?: TransportName;
  readonly dialect?: DialectName;
  readonly channels?: readonly string[];
}

/** A connection as a transport makes it, on its channels. */
export async function connect(node: Node, options: ClientOptions = {}): Promise<FakeClient> {
  const wire = new FakeWire(options.transport ?? 'websocket');
  const connection = new Connection(node, wire, {
    id: uuidv7(node.clock.now()),
    dialect: options.dialect ?? 'channel',
    principal: options.user === undefined ? anonymous : { ...anonymous, via: 'jwt', user: options.user },
    client: node.callers.addresses.peer(wire.socket),
    free: () => node.capacity.free(wire.transport),
    claimedName: null,
    echo: true,
    encoder: { encode: (messages) => Buffer.from(messages.map(({ data }) => data).join()) },
  });
  node.capacity.take(wire.transport);
  connection.start(idleSession);
  await node.hub.attach(connection);
  for (const channel of options.channels ?? []) {
    await node.hub.subscribe(connection, channel, { presentAs: connection.user });
  }
  return { connection, closedWith: wire.closedWith };
}

function idleSession(): Session {
  return {
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
}
