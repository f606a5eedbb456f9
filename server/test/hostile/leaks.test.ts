import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../support/random.ts';
import { testOrigin } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';
import type { StreamClient } from '../support/stream-client.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

const rooms = ['alpha', 'beta', 'gamma'];
const users = ['u1', 'u2', 'u3', 'u4', 'u5'];
const total = 300;

type Client = SocketClient | StreamClient;

/** Everything that clients do, in an order that the seed chooses. */
class Crowd {
  readonly #fw: WatchedServer;
  readonly #random: Random;
  readonly #open: Client[] = [];
  #opened = 0;

  constructor(fw: WatchedServer, random: Random) {
    this.#fw = fw;
    this.#random = random;
  }

  get done(): boolean {
    return this.#opened === total && this.#open.length === 0;
  }

  async step(): Promise<void> {
    const dice = this.#random.next();
    if (this.#opened < total && dice < 0.4) this.#open.push(await this.#enter());
    else if (dice < 0.75) this.#leave();
    else this.#act();
  }

  async #enter(): Promise<Client> {
    this.#opened++;
    const room = this.#random.pick(rooms);
    const token = await this.#fw.token(this.#random.pick(users));
    const headers = { origin: testOrigin };
    switch (this.#random.integer(0, 4)) {
      case 0:
        return this.#fw.socket(`/ws?room=${room}&client_id=c${this.#random.integer(1, 20)}&token=${token}`);
      case 1:
        return this.#fw.socket(`/ws/${room}?presence=1&token=${token}`, { headers });
      case 2:
        return this.#fw.socket(`/ws/connect?token=${token}`);
      case 3:
        return this.#fw.socket(`/?token=${token}`);
      default:
        return this.#fw.stream(`/sse/connect?channels=${rooms.join()}&token=${token}`);
    }
  }

  /** Cut off, or with a closing handshake; often with frames on the way that nobody waits for. */
  #leave(): void {
    const [client] = this.#open.splice(this.#random.integer(0, this.#open.length - 1), 1);
    if (!client) return;
    if (this.#random.next() < 0.5) this.#talk(client);
    if ('ws' in client && this.#random.next() < 0.5) client.ws.close();
    else client.close();
  }

  #act(): void {
    const client = this.#open[this.#random.integer(0, this.#open.length - 1)];
    if (client) this.#talk(client);
  }

  /** A frame of some dialect; in the others it is only a bad one. */
  #talk(client: Client): void {
    if (!('ws' in client) || client.ws.readyState !== client.ws.OPEN) return;
    const room = this.#random.pick(rooms);
    const data = { channel: room, content: 1, presence: true, history: 5 };
    client.send(
      this.#random.pick<object>([
        { action: 'subscribe', data },
        { action: 'unsubscribe', data },
        { action: 'send_to_channel', data },
        { action: 'join', room },
        { action: 'leave', room },
        { action: 'message', room, text: 'x' },
        { type: 'join', payload: { room } },
        { type: 'leave', payload: { room } },
        { type: 'message', payload: {}, room },
        { type: 'chat.message', text: 'x' },
      ]),
    );
  }
}

it(`${total} connections that come, talk and go in any order leave nothing behind`, async () => {
  const random = new Random();
  await random.run(async () => {
    await using fw = await watchedServer();
    const crowd = new Crowd(fw, random);
    while (!crowd.done) await crowd.step();
    await fw.forsaken();
    for (const room of rooms) {
      const { body } = await fw.call('GET', `/api/channels/${room}/presence`);
      assert.deepEqual(body, { users: [], total: 0 });
    }
    await fw.unharmed();
  });
});
