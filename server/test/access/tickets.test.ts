import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anonymous, type Principal } from '../../src/access/principal.ts';
import { Tickets } from '../../src/access/tickets.ts';
import { FakeClock } from './fake-clock.ts';

function user(name: string, expiresAt: number | null = null): Principal {
  return { ...anonymous, user: name, via: 'jwt', expiresAt };
}

describe('tickets', () => {
  it('are 256 random bits in base64url, good for 30 s', () => {
    const tickets = new Tickets({ clock: new FakeClock() });
    const issued = Array.from({ length: 100 }, () => tickets.issue(user('u1')));
    for (const { ticket, expires_in } of issued) {
      assert.match(ticket, /^[A-Za-z0-9_-]{43}$/);
      assert.equal(expires_in, 30);
    }
    assert.equal(new Set(issued.map(({ ticket }) => ticket)).size, 100);
  });

  it('give back their principal once', () => {
    const tickets = new Tickets({ clock: new FakeClock() });
    const principal = user('u1');
    const { ticket } = tickets.issue(principal);
    assert.equal(tickets.redeem(ticket), principal);
    assert.equal(tickets.redeem(ticket), null);
  });

  it('expire', () => {
    const clock = new FakeClock();
    const tickets = new Tickets({ clock });
    const early = tickets.issue(user('u1')).ticket;
    const late = tickets.issue(user('u2')).ticket;
    clock.advance(29_999);
    assert.equal(tickets.redeem(early)?.user, 'u1');
    clock.advance(1);
    assert.equal(tickets.redeem(late), null);
  });

  it('last as long whatever the wall clock is set to, unless their token ends by it', () => {
    const clock = new FakeClock();
    const tickets = new Tickets({ clock });
    const [ahead, back] = [tickets.issue(user('u1')).ticket, tickets.issue(user('u2')).ticket];
    const tied = tickets.issue(user('u3', clock.now() + 3_600_000)).ticket;
    clock.step(3_600_000);
    clock.advance(29_999);
    assert.equal(tickets.redeem(ahead)?.user, 'u1');
    assert.equal(tickets.redeem(tied), null);
    clock.step(-7_200_000);
    clock.advance(1);
    assert.equal(tickets.redeem(back), null);
  });

  it('never outlive their principal', () => {
    const clock = new FakeClock();
    const tickets = new Tickets({ clock });
    const issued = tickets.issue(user('u1', clock.now() + 10_500));
    assert.equal(issued.expires_in, 10);
    const expired = tickets.issue(user('u2', clock.now() - 1));
    assert.equal(expired.expires_in, 0);
    assert.equal(tickets.redeem(expired.ticket), null);
    clock.advance(10_500);
    assert.equal(tickets.redeem(issued.ticket), null);
  });

  it('are bounded in number: the oldest goes', () => {
    const tickets = new Tickets({ clock: new FakeClock(), max: 3 });
    const issued = ['a', 'b', 'c', 'd', 'e'].map((name) => tickets.issue(user(name)).ticket);
    const redeemed = issued.map((ticket) => tickets.redeem(ticket)?.user ?? null);
    assert.deepEqual(redeemed, [null, null, 'c', 'd', 'e']);
  });

  it('make room by expiring before the oldest good one goes', () => {
    const clock = new FakeClock();
    const tickets = new Tickets({ clock, max: 2, ttlMs: 1000 });
    tickets.issue(user('a'));
    clock.advance(999);
    const good = tickets.issue(user('b')).ticket;
    clock.advance(1);
    tickets.issue(user('c'));
    assert.equal(tickets.redeem(good)?.user, 'b');
  });

  it('are refused when made up', () => {
    const tickets = new Tickets({ clock: new FakeClock() });
    tickets.issue(user('u1'));
    for (const text of ['', 'x', '__proto__', 'A'.repeat(43)]) assert.equal(tickets.redeem(text), null);
  });
});
