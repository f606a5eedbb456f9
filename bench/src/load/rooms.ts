import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../../server/src/load/client.ts';
import { tally } from '../../../server/src/load/crowd.ts';
import { deliveriesBetween, type Snapshot } from '../../../server/src/load/delivery-figures.ts';
import { Journal } from '../../../server/src/load/journal.ts';
import { latencyOf } from '../../../server/src/load/latency.ts';
import { openEach } from '../../../server/src/load/opening.ts';
import { Pacer } from '../../../server/src/load/pacer.ts';
import { PublishedFrame } from '../../../server/src/load/published-frame.ts';
import type { Speech } from '../../../server/src/load/speech.ts';
import { watchForStall } from '../../../server/src/load/stall.ts';
import { usageNow } from '../../../server/src/load/usage.ts';
import type { RoomsJob, RoomsResult } from './job.ts';
import { Room } from './room.ts';

/** Rooms in which a second member's every delivery is looked at, too. */
const SAMPLED = 8;
const DRAIN_MS = 5000;
const DRAIN_CHECK_MS = 20;

/** All rooms of a run. One window or schedule lies over all of them, and they publish in turn. */
class House {
  readonly journal = new Journal();
  readonly rooms: readonly Room[];
  /** Messages that their publisher has got back. */
  returned = 0;
  readonly #window: number;
  readonly #pacer: Pacer | null;
  #turn = 0;
  #isStopped = false;

  /** `clients`: room by room. */
  constructor(clients: readonly Client[], job: RoomsJob, speechOf: (channel: string) => Speech) {
    const { drive } = job;
    this.#window = 'inFlight' in drive ? drive.inFlight : 0;
    this.#pacer = 'perSecond' in drive ? new Pacer(drive.perSecond, (due) => this.#publishOne(due)) : null;
    const returned = () => {
      this.returned++;
    };
    const surroundings = { journal: this.journal, returned };
    const step = Math.ceil(job.channels.length / SAMPLED);
    for (const client of clients) client.countFrom(job.contentBytes);
    this.rooms = job.channels.map((channel, index) => {
      const [first, ...others] = clients.slice(index * job.subscribers, (index + 1) * job.subscribers);
      if (first === undefined) throw new RangeError('a room needs a member');
      const frame = new PublishedFrame(speechOf(channel), job.contentBytes);
      return new Room([first, ...others], index, frame, surroundings, index % step === 0);
    });
    for (const room of this.rooms) room.publisher.afterRead = () => this.fill();
  }

  start(): void {
    if (this.#pacer) this.#pacer.start();
    else this.fill();
  }

  /** Forgets what was measured so far. */
  restart(): void {
    this.journal.restart();
    this.#pacer?.restart();
  }

  /** How late the schedule itself was; null without one. */
  lateness(): number | null {
    return this.#pacer?.lateness() ?? null;
  }

  #publishOne(due: number): void {
    const room = this.rooms[this.#turn++ % this.rooms.length];
    room?.publish(due);
    room?.flush();
  }

  /** Publishes as many messages as the window has room for, each in the room whose turn it is. */
  fill(): void {
    const free = this.#window - (this.journal.published - this.returned);
    if (free <= 0 || this.#isStopped) return;
    const written = new Set<Room>();
    for (let count = 0; count < free; count++) {
      const room = this.rooms[this.#turn++ % this.rooms.length];
      if (room === undefined) return;
      room.publish();
      written.add(room);
    }
    for (const room of written) room.flush();
  }

  stop(): void {
    this.#isStopped = true;
    this.#pacer?.stop();
  }

  deliveries(): number {
    return this.rooms.reduce((sum, room) => sum + room.deliveries(), 0);
  }

  /** Why a publisher can publish no more, or null. */
  failure(): string | null {
    const failed = this.rooms.find((room) => room.failure !== null);
    return failed === undefined ? null : `a publisher was stopped: ${failed.failure}`;
  }

  /** Deliveries that have yet to come, and those that came too often. Only meaningful after the last publish. */
  balance(): { lost: number; duplicated: number } {
    let [lost, duplicated] = [0, 0];
    for (const missing of this.rooms.flatMap((room) => room.missing())) {
      if (missing > 0) lost += missing;
      else duplicated -= missing;
    }
    return { lost, duplicated };
  }
}

/** Connects, publishes for the warm-up and the measured time, and counts. Rejects if messages stop coming. */
export async function measureRooms(
  job: RoomsJob,
  speechOf: (channel: string) => Speech,
): Promise<RoomsResult> {
  const clients = await openMembers(job, speechOf);
  try {
    const house = new House(clients, job, speechOf);
    const [before, after, latencies] = await publishAndCount(house, clients, job);
    house.stop();
    await drained(house);
    return summarise(house, clients, before, after, latencies);
  } finally {
    for (const client of clients) client.destroy();
  }
}

/** Room by room. */
function openMembers(job: RoomsJob, speechOf: (channel: string) => Speech): Promise<Client[]> {
  const speeches = job.channels.map(speechOf);
  let opened = 0;
  return openEach(job.server, job.channels.length * job.subscribers, (place) => {
    const speech = speeches[Math.floor(opened++ / job.subscribers)] ?? null;
    return Client.open({ server: job.server, speech, ...place });
  });
}

function snapshot(house: House, clients: readonly Client[], serverPid: number): Snapshot {
  return {
    ...usageNow(serverPid),
    deliveries: house.deliveries(),
    bytes: clients.reduce((sum, client) => sum + client.bytesRead, 0),
    published: house.journal.published,
  };
}

async function publishAndCount(
  house: House,
  clients: readonly Client[],
  job: RoomsJob,
): Promise<[Snapshot, Snapshot, Float64Array]> {
  const { signal, stop } = watchForStall({
    failure: () => house.failure(),
    progress: () => house.returned,
    unit: 'message',
  });
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  try {
    house.start();
    await wait(job.warmupSeconds);
    house.restart();
    const before = snapshot(house, clients, job.serverPid);
    await wait(job.seconds);
    return [before, snapshot(house, clients, job.serverPid), house.journal.latencies()];
  } finally {
    house.stop();
    stop();
  }
}

/** Waits until every open connection has every message of its room, but not longer than five seconds. */
async function drained(house: House): Promise<void> {
  const end = performance.now() + DRAIN_MS;
  while (house.balance().lost > 0 && performance.now() < end) await delay(DRAIN_CHECK_MS);
}

function summarise(
  house: House,
  clients: readonly Client[],
  before: Snapshot,
  after: Snapshot,
  latencies: Float64Array,
): RoomsResult {
  return {
    ...deliveriesBetween(before, after),
    latency: latencyOf(latencies),
    ...house.balance(),
    astray: house.rooms.reduce((sum, room) => sum + room.astray, 0),
    dropped: tally(clients.flatMap((client) => client.closed ?? [])),
    sameOrder: house.rooms.every((room) => room.sameOrder),
    lateness: house.lateness(),
  };
}
