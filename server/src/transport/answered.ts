import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A socket with the answer that is under way on it; Node's own handlers look at it in the same way. */
export type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/**
 * Resolves when everything that was asked before on this connection is answered, or it is gone: Node announces an
 * upgrade at once, also when requests before it are still being answered (RFC 9112, 9.3.2: answers keep their order).
 */
export async function answered(socket: HttpSocket): Promise<void> {
  while (socket._httpMessage && !socket.destroyed) await once(socket._httpMessage, 'close');
}
