import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { Gate } from '../access/gate.ts';
import type { HostRule } from '../access/host.ts';
import type { OpenManagement } from '../access/management.ts';
import type { OriginRule } from '../access/origin.ts';
import type { Revocations } from '../access/revocations.ts';
import type { TicketBook } from '../access/tickets.ts';
import type { Clock } from '../clock.ts';
import type { Engine, PresenceStore } from '../engine/engine.ts';
import type { FanwireError, UnknownErrorReporter } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Publishing } from '../publishing/publishing.ts';
import type { BasePath } from '../transport/base-path.ts';
import type { Capacity } from '../transport/capacity.ts';
import type { Enforcer } from '../transport/enforcer.ts';
import type { Log } from '../transport/node.ts';
import type { Directory } from './directory.ts';
import type { FastLane } from './fast-lane.ts';
import type { Exposition, HttpMeter } from './meter.ts';

export interface ApiPolicy {
  /** What whoever presents no credentials, and was not forwarded, may do; private rooms are never entered. */
  readonly management: OpenManagement;
  readonly sseAuthRequired: boolean;
  /** Bytes of the longest message data; over it a publish is refused with 413. */
  readonly maxDataBytes: number;
  /** The header that carries an API key, which pages of other origins have to be allowed to send. */
  readonly apiKeyHeader: string;
  /** Milliseconds that a connection may be without a request. @default longer than common proxies keep theirs */
  readonly keepAliveTimeout?: number;
  /** Which pages are served. */
  readonly pages: { readonly enabled: boolean; readonly console: boolean };
}

/** What the HTTP API uses. */
export interface ApiParts {
  readonly hub: Hub;
  readonly directory: Directory;
  readonly gate: Gate;
  readonly presence: PresenceStore;
  readonly engine: Pick<Engine, 'health'>;
  readonly authenticator: Authenticator;
  readonly callers: Callers;
  readonly host: HostRule;
  readonly origin: OriginRule;
  readonly tickets: TicketBook;
  readonly revocations: Revocations;
  readonly publishing: Publishing;
  readonly enforcer: Pick<Enforcer, 'disconnectUser'>;
  readonly capacity: Capacity;
  readonly clock: Clock;
  /** Hears of faults that no client caused. */
  readonly report: UnknownErrorReporter;
  readonly log: Log;
  readonly policy: ApiPolicy;
  /** Where everything is served. @default at the root */
  readonly base?: BasePath;
  /** @default one that counts nothing */
  readonly meter?: HttpMeter;
  /** What `GET /metrics` answers with. @default the route is not there */
  readonly metrics?: Exposition;
  /**
   * Takes over the request of `GET /sse/connect` and its socket; it writes the answer's head itself. Rejects, with a
   * FanwireError and before anything is written, when it refuses.
   */
  openStream(request: FastifyRequest['raw'], response: FastifyReply['raw']): Promise<void>;
  /** Resolves to what a request without an upgrade is refused with at a WebSocket's address. */
  refuseSocket(request: FastifyRequest['raw']): Promise<FanwireError>;
}

/** Fastify whose handlers get their types from the TypeBox schemas of the route. */
export type FastifyTypeBox = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the resources use. */
export interface ResourceParts extends ApiParts {
  readonly lane: FastLane;
}

/** Adds the routes of one resource. */
export type Resource = (app: FastifyTypeBox, parts: ResourceParts) => void;
