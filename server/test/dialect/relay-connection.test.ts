import { relay } from '../support/doors.ts';
import { capacitySuite } from '../support/suites/capacity.ts';
import { closingSuite } from '../support/suites/closing.ts';
import { credentialsSuite } from '../support/suites/credentials.ts';
import { documentSuite } from '../support/suites/document.ts';
import { framesSuite } from '../support/suites/frames.ts';
import { originSuite } from '../support/suites/origin.ts';
import { reservedSuite } from '../support/suites/reserved.ts';

const long = 'x'.repeat(256);

credentialsSuite(relay);
originSuite(relay);
capacitySuite(relay);
closingSuite(relay);
documentSuite(relay);

reservedSuite(relay, (channel, text, { id }) => ({
  type: 'message',
  payload: { text },
  room: channel,
  from: null,
  id,
  ts: 1_700_000_000.123,
}));

framesSuite(relay, [
  ['a message without a payload', { type: 'message' }, 'payload'],
  ['a message whose payload is a string', { type: 'message', payload: 'hi' }, 'payload'],
  ['a message whose payload is an array', { type: 'message', payload: [] }, 'payload'],
  ['a message whose payload is null', { type: 'message', payload: null }, 'payload'],
  [
    'a message whose payload is nested deeper than 128',
    `{"type":"message","payload":{"a":${'['.repeat(128)}${']'.repeat(128)}}}`,
    'payload',
  ],
  ['a message whose room is a number', { type: 'message', payload: {}, room: 5 }, 'room'],
  ['a message whose room is empty', { type: 'message', payload: {}, room: '' }, 'room'],
  ['a message whose room is too long', { type: 'message', payload: {}, room: long }, 'room'],
  ['a message whose room has a control character', { type: 'message', payload: {}, room: 'a\nb' }, 'room'],
  ['a join without a payload', { type: 'join' }, 'payload'],
  ['a join whose payload is a string', { type: 'join', payload: 'r2' }, 'payload'],
  ['a join without a room', { type: 'join', payload: {} }, 'payload.room'],
  ['a join whose room is a number', { type: 'join', payload: { room: 5 } }, 'payload.room'],
  ['a join whose room is null', { type: 'join', payload: { room: null } }, 'payload.room'],
  ['a join whose room is empty', { type: 'join', payload: { room: '' } }, 'payload.room'],
  ['a join whose room is too long', { type: 'join', payload: { room: long } }, 'payload.room'],
  ['a leave without a payload', { type: 'leave' }, 'payload'],
  ['a leave whose room is an object', { type: 'leave', payload: { room: {} } }, 'payload.room'],
]);
