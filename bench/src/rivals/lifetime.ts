import type { AddressInfo, Server } from 'node:net';

/** Announces the address the way Fanwire does, and ends with the bench: its end of stdin is closed then. */
export function announce(server: Server): void {
  process.stdin.on('end', () => process.exit(0)).resume();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`listening on http://127.0.0.1:${port}\n`);
  });
}
