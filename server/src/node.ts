import type { Callers } from './access/callers.ts';
import { includes } from './access/channel-set.ts';
import type { Clock } from './clock.ts';
import type { Commons } from './commons.ts';
import type { Settings } from './config/settings.ts';
import type { UnknownErrorReporter } from './errors.ts';
import { Hub } from './hub/hub.ts';
import type { BacklogPolicy } from './hub/recipient.ts';
import type { Extensions } from './middleware/extensions.ts';
import type { Metrics } from './ops/metrics.ts';
import type { Log, Node } from './transport/node.ts';
import { Wheel } from './transport/wheel.ts';

export interface NodeParts {
  readonly commons: Pick<Commons, 'engine' | 'activity' | 'connections' | 'fence' | 'capacity'>;
  readonly callers: Callers;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: UnknownErrorReporter;
  readonly metrics: Metrics;
  readonly extensions: Extensions;
}

/** What all connections share, with the limits that the settings give; the metrics watch it from now on. */
export function createNode({ limits, websocket, log: logging }: Settings, parts: NodeParts): Node {
  const { commons, callers, clock, log, report, metrics, extensions } = parts;
  const { engine, activity, connections, fence, capacity } = commons;
  const { actions, observer } = extensions;
  const node: Node = {
    hub: new Hub({
      engine,
      activity,
      connections,
      fence,
      clock,
      report,
      meter: metrics.hub,
      observer,
      backlogPolicy: (channel) => backlogPolicy(limits, channel),
    }),
    wheel: new Wheel(clock, report),
    capacity,
    callers,
    clock,
    log,
    logConnections: logging.connections,
    report,
    meter: metrics.transport,
    ...(actions ? { actions } : {}),
    ...(observer ? { observer } : {}),
    limits: {
      messages: websocket.queueSize,
      bytes: limits.backlogBytes,
      clock,
      backlog: metrics.backlog,
      pongRequired: websocket.pongRequired,
    },
  };
  metrics.watch(node);
  return node;
}

function backlogPolicy({ backlogLatest, backlogDrop }: Settings['limits'], channel: string): BacklogPolicy {
  if (includes(backlogLatest, channel)) return 'latest';
  return includes(backlogDrop, channel) ? 'drop' : 'disconnect';
}
