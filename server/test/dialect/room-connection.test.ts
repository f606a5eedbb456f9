import { room } from '../support/doors.ts';
import { capacitySuite } from '../support/suites/capacity.ts';
import { closingSuite } from '../support/suites/closing.ts';
import { credentialsSuite } from '../support/suites/credentials.ts';
import { documentSuite } from '../support/suites/document.ts';
import { framesSuite } from '../support/suites/frames.ts';
import { originSuite } from '../support/suites/origin.ts';
import { reservedSuite } from '../support/suites/reserved.ts';

const message = { type: 'chat.message', text: 'hi' };
const history = { type: 'chat.history' };

credentialsSuite(room);
originSuite(room);
capacitySuite(room);
closingSuite(room);
documentSuite(room);

reservedSuite(room, (channel, text, { id, offset }) => ({
  type: 'chat.delivery',
  room: channel,
  user: null,
  text,
  id,
  ts: 1_700_000_000.123,
  offset,
}));

framesSuite(room, [
  ['a message without a text', { type: 'chat.message' }, 'text'],
  ['a message whose text is null', { ...message, text: null }, 'text'],
  ['a message whose text is a number', { ...message, text: 5 }, 'text'],
  ['a message whose text is an object', { ...message, text: {} }, 'text'],
  ['a message whose text is an array', { ...message, text: ['hi'] }, 'text'],
  ['a message whose text is empty', { ...message, text: '' }, 'text'],
  ['a message whose text has 4097 characters', { ...message, text: 'x'.repeat(4097) }, 'text'],
  ['a message whose room is a number', { ...message, room: 5 }, 'room'],
  ['a message whose room is another one', { ...message, room: 'other' }, 'room'],
  ['a message whose room is empty', { ...message, room: '' }, 'room'],
  ['a message whose ref is an object', { ...message, ref: {} }, 'ref'],
  ['a message whose ref is true', { ...message, ref: true }, 'ref'],
  ['a message whose ref is over 128 characters', { ...message, ref: 'x'.repeat(129) }, 'ref'],
  ['a request for history whose limit is a string', { ...history, limit: '5' }, 'limit'],
  ['a request for history whose limit is not whole', { ...history, limit: 1.5 }, 'limit'],
  ['a request for history whose limit is 0', { ...history, limit: 0 }, 'limit'],
  ['a request for history whose limit is 1001', { ...history, limit: 1001 }, 'limit'],
  ['a request for history whose before is a string', { ...history, before: '7' }, 'before'],
  ['a request for history whose before is negative', { ...history, before: -1 }, 'before'],
  ['a request for history whose before is too large', '{"type":"chat.history","before":1e400}', 'before'],
  ['a request for history of another room', { ...history, room: 'other' }, 'room'],
  ['a request for presence of another room', { type: 'presence.list', room: 'other' }, 'room'],
  ['a pong of another room', { type: 'system.pong', room: 'other' }, 'room'],
]);
