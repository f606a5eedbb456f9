import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FanwireError } from '../src/errors.ts';
import { field, kindOf, maxDepth, parseJson, parseObject, rawMember, toJsonText } from '../src/json.ts';

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** The JSON text of a string, with some characters escaped that need not be. */
function written(text: string, escapes: readonly boolean[]): string {
  const units = Array.from({ length: text.length }, (_, at) => {
    const unit = text.charAt(at);
    const code = text.charCodeAt(at).toString(16).padStart(4, '0');
    if (escapes[at % (escapes.length || 1)]) return `\\u${at % 2 === 0 ? code : code.toUpperCase()}`;
    return JSON.stringify(unit).slice(1, -1);
  });
  return `"${units.join('')}"`;
}

const stringText = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.array(fc.boolean(), { maxLength: 6 }))
  .map(([text, escapes]) => written(text, escapes));

const scalarText = fc.oneof(
  stringText,
  fc.constantFrom('null', 'true', 'false', '0', '-0', '1e999', '-1.5E-7', '12345678901234567890'),
  fc.integer().map(String),
);

/** JSON texts of any value, with blanks wherever they may be. */
const { value: valueText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalarText, tie('array'), tie('object')),
  array: fc
    .tuple(fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }), space)
    .map(([items, blank]) => `[${items.map((parts) => parts.join('')).join(',') || blank}]`),
  object: fc
    .tuple(fc.array(fc.tuple(space, stringText, space, space, tie('value'), space), { maxLength: 4 }), space)
    .map(([members, blank]) => `{${members.map(memberText).join(',') || blank}}`),
}));

function memberText([before, name, between, behind, value, after]: readonly string[]): string {
  return `${before}${name}${between}:${behind}${value}${after}`;
}

/** Few names, so that some are there twice, and some are written in several ways. */
const knownNames = ['content', 'data', '__proto__', '', 'a"b', 'a\\', 'é', 'con', '}', ':'];
const nameText = fc
  .tuple(fc.constantFrom(...knownNames), fc.array(fc.boolean(), { maxLength: 4 }))
  .map(([name, escapes]) => written(name, escapes));

interface Member {
  readonly name: string;
  readonly text: string;
  readonly value: string;
}

const member: fc.Arbitrary<Member> = fc
  .tuple(space, nameText, space, space, valueText, space)
  .map((parts) => ({ name: JSON.parse(parts[1]), text: memberText(parts), value: parts[4] }));

describe('rawMember', () => {
  it('is the text of the member as it was written, the last one of its name, for any JSON object', () => {
    const run = fc.property(fc.array(member, { maxLength: 8 }), space, space, (members, before, after) => {
      const json = `${before}{${members.map(({ text }) => text).join(',')}}${after}`;
      const object = JSON.parse(json);
      for (const name of [...knownNames, 'constructor', 'none']) {
        const raw = rawMember(json, name);
        const expected = members.findLast((candidate) => candidate.name === name)?.value;
        assert.equal(raw, expected, `${JSON.stringify(name)} of ${json}`);
        if (raw !== undefined) assert.deepEqual(JSON.parse(raw), field(object, name));
      }
    });
    fc.assert(run, { numRuns: 1000 });
  });

  it('is found in members of members', () => {
    const json = '{"data":{"content":{"content":1},"x":[{"content":2}]},"content":3}';
    assert.equal(rawMember(rawMember(json, 'data') ?? '', 'content'), '{"content":1}');
    assert.equal(rawMember(json, 'content'), '3');
  });

  it('takes time in proportion to the length, for texts made to be slow', () => {
    const size = 200_000;
    const slow = {
      quotes: `{"a":"${'\\"'.repeat(size)}","b":1}`,
      backslashes: `{"a":"${'\\\\'.repeat(size)}","b":1}`,
      names: `{${Array.from({ length: size / 10 }, (_, n) => `"\\u0062${n}":0`).join(',')},"b":1}`,
      brackets: `{"a":${'['.repeat(size)}${']'.repeat(size)},"b":1}`,
      blanks: `{${' '.repeat(size)}"b"${' '.repeat(size)}:${' '.repeat(size)}1}`,
    };
    for (const [title, json] of Object.entries(slow)) {
      const start = performance.now();
      assert.equal(rawMember(json, 'b'), '1');
      assert.ok(performance.now() - start < 1000, title);
    }
  });
});

describe('toJsonText', () => {
  it('is the same value on one line', () => {
    const run = fc.property(valueText, (text) => {
      const line = toJsonText(text, 'it');
      assert.doesNotMatch(line, /[\r\n]/);
      assert.deepEqual(JSON.parse(line), JSON.parse(text));
    });
    fc.assert(run, { numRuns: 500 });
  });

  it('leaves what is on one line as it is, character by character', () => {
    for (const text of ['{"a" : 1.0 }', '[1e999,"\\u0061"]', '"x"', '-0'])
      assert.equal(toJsonText(text, 'it'), text);
  });

  it('refuses what is nested deeper than the limit, and counts no brackets within strings', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(toJsonText(nested(maxDepth), 'it'), nested(maxDepth));
    assert.throws(
      () => toJsonText(nested(maxDepth + 1), 'data.content'),
      (thrown) =>
        thrown instanceof FanwireError &&
        thrown.code === 'bad_request' &&
        /^data\.content/.test(thrown.message),
    );
    const quoted = `[${JSON.stringify(nested(1000))}]`;
    assert.equal(toJsonText(quoted, 'it'), quoted);
  });
});

describe('parseObject', () => {
  it('takes objects, with any name as an own one', () => {
    const object = parseObject('{"__proto__":{"a":1},"toString":2}');
    assert.deepEqual(field(object, '__proto__'), { a: 1 });
    assert.equal(field(object, 'toString'), 2);
    assert.equal(field(object, 'constructor'), undefined);
    assert.equal(field(object, 'a'), undefined);
  });

  it('refuses other values by their kind', () => {
    const kinds = { '[]': 'an array', '1': 'a number', '"x"': 'a string', null: 'null', true: 'a boolean' };
    for (const [text, kind] of Object.entries(kinds)) {
      assert.equal(kindOf(JSON.parse(text)), kind);
      assert.throws(
        () => parseObject(text),
        (thrown) =>
          thrown instanceof FanwireError && thrown.code === 'bad_request' && thrown.message.endsWith(kind),
      );
    }
  });

  it('gives the place of the fault, where the parser knows it', () => {
    assert.throws(() => parseJson('{"a":1,}'), /^FanwireError: not valid JSON at position 7$/);
    assert.throws(() => parseJson('\ufeff{}'), /not valid JSON: it begins with a byte order mark/);
    assert.throws(() => parseJson('{"a":'), /^FanwireError: not valid JSON( at position 5)?$/);
  });

  it('says where a text stops being JSON, and nothing of what is in it', () => {
    const run = fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        JSON.parse(text);
      } catch {
        assert.throws(
          () => parseJson(text),
          (thrown) =>
            thrown instanceof FanwireError &&
            thrown.code === 'bad_json' &&
            /^not valid JSON( at position \d+)?$/.test(thrown.message),
        );
      }
    });
    fc.assert(run, { numRuns: 300 });
  });
});
