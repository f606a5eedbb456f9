import { includes } from './access/channel-set.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import type { Engine } from './engine/engine.ts';
import type { UnknownErrorReporter } from './errors.ts';
import { Hub } from './hub/hub.ts';
import type { BacklogPolicy } from './hub/recipient.ts';
import type { Extensions } from './middleware/extensions.ts';
import type { Metrics } from './ops/metrics.ts';
import { Capacity } from './transport/capacity.ts';
import type { Log, Node } from './transport/node.ts';
import { Wheel } from './transport/wheel.ts';

export interface NodeParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: UnknownErrorReporter;
  readonly metrics: Metrics;
  readonly extensions: Extensions;
}

/** What all connections share, with the limits that the settings give; the metrics watch it from now on. */
export function createNode({ limits, websocket, sse }: Settings, parts: NodeParts): Node {
  const { engine, clock, log, report, metrics, extensions } = parts;
  const { actions, observer } = extensions;
  const node: Node = {
    hub: new Hub({
      engine,
      clock,
      report,
      meter: metrics.hub,
      observer,
      backlogPolicy: (channel) => backlogPolicy(limits, channel),
    }),
    wheel: new Wheel(clock, report),
    capacity: new Capacity({
      connections: limits.connections,
      websocket: websocket.maxConnections,
      sse: sse.maxConnections,
    }),
    clock,
    log,
    report,
    meter: metrics.transport,
    ...(actions ? { actions } : {}),
    ...(observer ? { observer } : {}),
    limits: {
      messages: websocket.queueSize,
      bytes: limits.backlogBytes,
      clock,
      backlog: metrics.backlog,
      messageRate: limits.messageRate,
    },
  };
  metrics.watch(node);
  return node;
}

function backlogPolicy({ backlogLatest, backlogDrop }: Settings['limits'], channel: string): BacklogPolicy {
  if (includes(backlogLatest, channel)) return 'latest';
  return includes(backlogDrop, channel) ? 'drop' : 'disconnect';
}
