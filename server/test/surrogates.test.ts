import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refuseHalves } from '../src/surrogates.ts';

/** The message of the refusal; null when the text passes. */
function refusal(json: string, what = 'data'): string | null {
  try {
    refuseHalves(json, what);
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe('half a character in JSON text', () => {
  for (const json of [
    String.raw`"x\ud83d"`,
    String.raw`"\uD83D"`,
    String.raw`"\ude00x"`,
    String.raw`"\ude00\ud83d"`,
    String.raw`"\ud83d\ud83d\ude00"`,
    String.raw`"\ud83d \ude00"`,
    String.raw`"\ud83d\n"`,
    String.raw`"\\\ud83d"`,
    '"\ud83d"',
    String.raw`"\ud83dx😀"`,
  ]) {
    it(`is refused: ${json}`, () => assert.match(refusal(json) ?? '', /^data: half of a character/));
  }

  for (const json of [
    String.raw`"\ud83d\ude00"`,
    String.raw`"\uD83D\uDE00"`,
    String.raw`"\\ud83d"`,
    String.raw`"\\\\ud83d"`,
    String.raw`"\u0041\u00e4\uffff\ud7ff\ue000"`,
    '"😀"',
    String.raw`"\"\\\/\b\f\n\r\t\u0000"`,
    '{"ud83d":[1,null,true]}',
  ]) {
    it(`is not there: ${json}`, () => assert.equal(refusal(json), null));
  }

  it('is told with its place, at any depth, in names too', () => {
    const half = String.raw`"\ud83d"`;
    assert.match(refusal(`{"a":[1,{"b":${half}}]}`) ?? '', /^data\.a\[1\]\.b: half/);
    assert.match(refusal(`{"a":{${half}:1}}`) ?? '', /^data\.a: half/);
    assert.match(refusal(`{"title":${half}}`, '') ?? '', /^title: half/);
    const deep = `${'['.repeat(128)}${half}${']'.repeat(128)}`;
    assert.match(refusal(deep) ?? '', /^data(\[0\])+[[\d]*…?: half/);
    // The first is no member any more once it is read.
    assert.match(refusal(`{"a":${half},"a":1}`) ?? '', /^data: half/);
    assert.ok((refusal(`{"${'a'.repeat(9999)}":${half}}`) ?? '').length < 400);
  });

  it('is found in whatever has it, and in nothing else', () => {
    const unit = fc.constantFrom('\ud83d', '\ude00', '😀', '\\', '"', 'u', 'd83d', 'a', 'é');
    const spelling = fc.constantFrom(
      (text: string) => JSON.stringify(text),
      (text: string) => `"${[...text].map(escaped).join('')}"`,
    );
    const property = fc.property(fc.string({ unit }), spelling, (text, spell) => {
      const json = `{"n":[${spell(text)}],${spell(text)}:0}`;
      assert.equal(refusal(json) === null, text.isWellFormed());
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

/** Every UTF-16 unit as an escape. */
function escaped(text: string): string {
  return Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
