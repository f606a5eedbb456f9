import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { redact } from '../../src/access/redact.ts';

describe('redact', () => {
  const cases: [url: string, shown: string][] = [
    ['/ws/connect', '/ws/connect'],
    ['/ws?room=a&client_id=b', '/ws?room=a&client_id=b'],
    ['/ws?token=abc', '/ws?token=[redacted]'],
    ['/ws?room=a&token=abc&x=1', '/ws?room=a&token=[redacted]&x=1'],
    [
      '/ws?api_key=k&ticket=t&last_event_id=l',
      '/ws?api_key=[redacted]&ticket=[redacted]&last_event_id=[redacted]',
    ],
    ['/ws?token=a&token=b', '/ws?token=[redacted]&token=[redacted]'],
    ['wss://h.com:1/ws?token=abc', 'wss://h.com:1/ws?token=[redacted]'],
    ['/ws?%74oken=abc', '/ws?%74oken=[redacted]'],
    ['/ws?api%5Fkey=abc', '/ws?api%5Fkey=[redacted]'],
    ['/ws?API%5fKEY=abc', '/ws?API%5fKEY=[redacted]'],
    ['/ws?Token=abc', '/ws?Token=[redacted]'],
    ['/ws?+token=abc', '/ws?+token=[redacted]'],
    ['/ws?token=a=b==', '/ws?token=[redacted]'],
    ['/ws?token=a?b#c', '/ws?token=[redacted]'],
    ['/ws??token=abc', '/ws??token=[redacted]'],
    ['/ws#token=abc', '/ws#token=[redacted]'],
    ['/ws?a=1;token=abc', '/ws?a=1;token=[redacted]'],
    ['/ws?next=/x?token=abc', '/ws?next=/x?token=[redacted]'],
    ['/ws?tokens=abc&my_token=d', '/ws?tokens=[redacted]&my_token=d'],
    ['/ws?apiKey=k&api-key=k&apikey[]=k', '/ws?apiKey=[redacted]&api-key=[redacted]&apikey[]=[redacted]'],
    [
      '/sse/connect?lastEventId=l&Last-Event-ID=l',
      '/sse/connect?lastEventId=[redacted]&Last-Event-ID=[redacted]',
    ],
    ['/ws?token', '/ws?token'],
    ['/ws?token=', '/ws?token=[redacted]'],
    ['/ws?%zz=1&token=abc', '/ws?%zz=1&token=[redacted]'],
    ['/ws?%=%&%ff=1&token=%', '/ws?%=%&%ff=1&token=[redacted]'],
    ['http://[bad/?token=abc', 'http://[bad/?token=[redacted]'],
    ['token=abc', 'token=[redacted]'],
    ['', ''],
  ];
  for (const [url, shown] of cases) {
    it(`shows ${url || 'nothing'} as ${shown || 'nothing'}`, () => assert.equal(redact(url), shown));
  }

  it('hides every value that the server itself would find', () => {
    const secret = fc.constantFrom('token', 'api_key', 'ticket', 'last_event_id').chain(written);
    const other = fc.string({ unit: fc.constantFrom('a', '=', '&', '?', '#', '%', '+', ';', '/', '\ud800') });
    fc.assert(
      fc.property(other, secret, other, (before, name, after) => {
        const url = `/x?${before}&${name}=SECRET&${after}`;
        assert.ok(!redact(url).includes('SECRET'), redact(url));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes time in proportion to the length', () => {
    const before = process.cpuUsage();
    for (const text of ['=', '&', '?', 'a', '%', '%7', '+', ' ']) redact(`/x?${text.repeat(1e6)}=`);
    assert.ok(process.cpuUsage(before).user < 2_000_000);
  });
});

/** A name with any of its characters percent-encoded. */
function written(name: string): fc.Arbitrary<string> {
  const length = name.length;
  return fc
    .array(fc.boolean(), { minLength: length, maxLength: length })
    .map((escapes) =>
      [...name]
        .map((letter, at) => (escapes[at] ? `%${letter.charCodeAt(0).toString(16)}` : letter))
        .join(''),
    );
}
