import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Door, enter, fails, heard, say } from '../doors.ts';
import { testServer } from '../server.ts';

const lobby = 'lobby';

/** A frame with one thing wrong, and the field that the error has to name. */
export type Refusal = readonly [what: string, frame: unknown, field: string];

/** PROTOCOLS.md, "Common rules": errors inside a connection keep it open. */
export function framesSuite(door: Door, refusals: readonly Refusal[]): void {
  describe(`${door.name}: frames that are refused`, () => {
    for (const [what, frame, code] of malformed(door)) {
      it(`${what} is ${code}`, async () => {
        await survives(door, frame, code);
      });
    }
    it('a message with more data than SSE_MAX_MESSAGE_SIZE, the limit of every way in, is too_large', async () => {
      await using fw = await testServer({ env: { SSE_MAX_MESSAGE_SIZE: '100' } });
      const client = await enter(fw, door, lobby);
      client.send(door.message(lobby, 'ü'.repeat(50)));
      await fails(door, client, 'too_large');
      await say(door, client, lobby, 'x'.repeat(80));
    });
    for (const [what, frame, field] of refusals) {
      it(`${what} is bad_request and names ${field}`, async () => {
        const message = await survives(door, frame, 'bad_request');
        assert.ok(
          [`${field}:`, `${field} `].some((start) => message.startsWith(start)),
          message,
        );
      });
    }
  });
}

function malformed({ name }: Door): [what: string, frame: unknown, code: string][] {
  const member = name === 'chat' ? 'action' : 'type';
  return [
    ['text that is not JSON', 'hello', 'bad_json'],
    ['no text at all', '', 'bad_json'],
    ['JSON that is cut off', '{"type":"message"', 'bad_json'],
    ['JSON with something behind it', '{} {}', 'bad_json'],
    ['an array', [], 'bad_request'],
    ['a string', '"hi"', 'bad_request'],
    ['null', 'null', 'bad_request'],
    ['an unknown type', { [member]: 'dance' }, 'unknown_action'],
    ['a type that only the prototype has', { [member]: 'constructor' }, 'unknown_action'],
    ['a type with other capitals', { [member]: 'Message' }, 'unknown_action'],
    ['an inherited type', `{"__proto__":{"${member}":"message"}}`, 'bad_request'],
    ['a type that is missing', {}, 'bad_request'],
    ['a type that is a number', { [member]: 1 }, 'bad_request'],
    ['a type that is null', { [member]: null }, 'bad_request'],
  ];
}

/** The frame gets one error and nothing else, and the connection goes on. Returns the error's text. */
async function survives(door: Door, frame: unknown, code: string): Promise<string> {
  await using fw = await testServer();
  const client = await enter(fw, door, lobby);
  client.send(frame);
  const message = await fails(door, client, code);
  assert.deepEqual(await heard(door, client), []);
  await say(door, client, lobby, 'still here');
  return message;
}
