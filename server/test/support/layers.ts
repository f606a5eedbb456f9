import type { ConnectContext, MessageContext, Middleware } from '../../src/index.ts';

type Next = () => Promise<void>;

/** A layer around messages alone. */
export function onMessage(layer: (context: MessageContext, next: Next) => unknown): Middleware {
  return (context, next) => (context.kind === 'message' ? layer(context, next) : next());
}

/** A layer around connections alone. */
export function onConnect(layer: (context: ConnectContext, next: Next) => unknown): Middleware {
  return (context, next) => (context.kind === 'connect' ? layer(context, next) : next());
}
