/** Fanwire inside a program of one's own: docs/embedding.md. */
export type { ChannelsClaim, Operation } from './access/permissions.ts';
export type { Scope } from './access/principal.ts';
export { createServer } from './embed/create.ts';
export type { ConnectionInfo, FanwireEvents, PublishedMessage } from './embed/events.ts';
export type { Fanwire, TokenWishes } from './embed/fanwire.ts';
export type { OutgoingMessage, PublishOptions } from './embed/messages.ts';
export { type FanwireOptions, operatorPaths } from './embed/options.ts';
export type {
  HistoryPage,
  HistoryQuery,
  Message,
  PresencePage,
  PresentUser,
  Receipt,
  Sender,
} from './engine/engine.ts';
export { FanwireError, StartError } from './errors.ts';
export type { ActionContext, ActionHandler } from './middleware/actions.ts';
export type { ConnectContext, Context, Identity, MessageContext, Middleware } from './middleware/context.ts';
export type { Ending } from './transport/meter.ts';
export type { Log } from './transport/node.ts';
export { version } from './version.ts';
