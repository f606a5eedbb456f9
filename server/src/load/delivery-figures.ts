import { microsecondsEach, type Usage, type UsageBetween, usageBetween } from './usage.ts';

/** What had come by one instant, and what it had cost. */
export interface Snapshot extends Usage {
  readonly deliveries: number;
  readonly bytes: number;
  readonly published: number;
}

/** What came between two instants. */
export interface DeliveryFigures extends UsageBetween {
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly publishedPerSecond: number;
  readonly bytesPerDelivery: number;
  readonly serverMicrosecondsPerDelivery: number | null;
}

export function deliveriesBetween(before: Snapshot, after: Snapshot): DeliveryFigures {
  const usage = usageBetween(before, after);
  const { seconds, serverCpuSeconds } = usage;
  const deliveries = after.deliveries - before.deliveries;
  return {
    ...usage,
    deliveries,
    deliveriesPerSecond: deliveries / seconds,
    publishedPerSecond: (after.published - before.published) / seconds,
    bytesPerDelivery: (after.bytes - before.bytes) / Math.max(1, deliveries),
    serverMicrosecondsPerDelivery: microsecondsEach(serverCpuSeconds, deliveries),
  };
}
