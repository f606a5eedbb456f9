import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { chartOf } from '../src/chart/chart.ts';
import { loadScenarios } from '../src/scenario.ts';
import { documents } from './chart-documents.ts';
import { runBench, runCommand } from './run-bench.ts';

const scratch = mkdtempSync(join(tmpdir(), 'bench-test-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

/** Of documents of these scenarios, changed as JSON where that is asked for. */
function drawn(names: readonly string[], change = (json: string) => json): string {
  return chartOf(names.map((name) => file(`${name}.json`, change(JSON.stringify(documents.get(name))))));
}

/** Texts, unless they have parts. */
function textsIn(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
}

/** The name, the value and the ratio of each bar. */
function barsIn(svg: string): string[][] {
  const bars = [...svg.matchAll(/<g><title>.*?<\/g>/gs)];
  return bars.map(([bar]) => textsIn(bar));
}

describe('chart', () => {
  test('every scenario has a drawing, and all together are one well-formed SVG', async () => {
    const scenarios = [...(await loadScenarios()).keys()].filter((name) => name !== 'chart');
    assert.deepEqual(
      scenarios.filter((name) => !documents.has(name)),
      [],
    );
    const svg = drawn([...documents.keys()]);
    assertWellFormed(svg);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="900" /);
    assert.doesNotMatch(svg, /NaN|undefined|null|Infinity|<script|href/);
  });

  test('a bar for each target, with the median of its rounds and the ratio to the default engine', () => {
    const svg = drawn(['fanout']);
    const window = [
      ['fanwire', '1.85 M', '1.00×'],
      ['fanwire-memory', '1.89 M', '1.02×'],
      ['ws-loop', '112 k', '0.061×'],
      ['socket.io', '126 k', '0.068×'],
    ];
    assert.deepEqual(barsIn(svg), [...window, ...window]);
    assert.match(svg, />32 in flight<.*>one message in flight</s);
    assert.match(svg, /<desc [^>]*>Fan-out: .*32 in flight, deliveries\/s: fanwire 1\.85 M, /);
  });

  test('each scenario shows its figure', () => {
    const shown = (name: string) => barsIn(drawn([name])).map((bar) => bar.join(' '));
    assert.ok(shown('fanout at a fixed rate').includes('ws-loop 8.921 16.4×'));
    assert.deepEqual(shown('sse'), [
      'fanwire, event streams 1.68 M 0.94×',
      'fanwire, WebSockets 1.78 M 1.00×',
    ]);
    assert.ok(shown('ingest').includes('fanwire-memory 168 k 2.00×'));
    assert.ok(shown('durable').includes('fanwire 84.0 k 0.50×'));
    assert.ok(shown('growth').includes('fanwire-memory, 100000 channels 3.818 1.33×'));
    assert.ok(shown('http-publish').includes('fastify 31.5 k 1.50×'));
    assert.ok(shown('recover').includes('fanwire 3.68 s 1.00×'));
    assert.ok(shown('slow').includes('fanwire, 100 frozen 12.6 ms 1.20×'));
    assert.deepEqual(shown('idle'), ['fanwire-memory 5,500 1.00×', 'net 1,000 0.18×']);
    assert.deepEqual(shown('accept'), ['fanwire 9.45 k 1.00×', 'node-upgrade 12.6 k 1.33×']);
  });

  test('the foot says when, where and with which versions', () => {
    const said = textsIn(drawn(['fanout', 'rooms', 'accept'])).join('\n');
    assert.match(said, /^Measured .*20\d\d-\d\d-\d\d \d\d:\d\d UTC\.$/m);
    assert.match(said, new RegExp(` cores, [\\d.]+ GiB, .*; Node ${process.version}$`, 'm'));
    assert.match(said, /^ws-loop: a loop of ws\.send\(\), ws \d/m);
    assert.equal(said.match(/^fanwire: Fanwire [\d.]+, sqlite engine$/gm)?.length, 1);
  });

  test('names are text, whatever is in them', () => {
    const name = '<script>&"]]>\u0000';
    const svg = drawn(['fanout'], (json) => json.replaceAll('"ws-loop"', JSON.stringify(name)));
    assertWellFormed(svg);
    assert.ok(svg.includes('>&lt;script&gt;&amp;&quot;]]&gt;\ufffd</text>'), svg);
    assert.doesNotMatch(svg, /<script/);
  });

  test('a long name is cut short in the drawing, and whole for who points at it', () => {
    const name = 'a-name-'.repeat(20);
    const svg = drawn(['accept'], (json) => json.replaceAll('node-upgrade', name));
    assert.match(svg, />a-name-[a-z-]+…<\/text>/);
    assert.ok(svg.includes(`<title>${name}: 12.6 k (connections/s), from 12.0 k to 13.2 k</title>`), svg);
  });

  test('a target that failed has no figure, and what was remarked is told', () => {
    const svg = drawn(['accept'], (json) =>
      json
        .replaceAll(/\{"connectionsPerSecond":1[^}]*\}/g, 'null')
        .replace('"remarks":[]', '"remarks":["FAILED a","FAILED b","DISTURBED 1 of 4 runs"]'),
    );
    assert.deepEqual(barsIn(svg), [
      ['fanwire', '9.45 k', '1.00×'],
      ['node-upgrade', 'no figure'],
    ]);
    assert.deepEqual(
      textsIn(svg)
        .filter((said) => /^[A-Z]{2}/.test(said))
        .slice(0, 2),
      ['FAILED 2 times', 'DISTURBED 1 of 4 runs'],
    );
  });

  test('what cannot be drawn is told with the name of its file', () => {
    const refused = (name: string, content: string, reason: RegExp) => {
      const path = file(name, content);
      assert.throws(
        () => chartOf([path]),
        ({ message }: Error) => message.startsWith(`cannot draw ${path}: `) && reason.test(message),
      );
    };
    assert.throws(() => chartOf([join(scratch, 'none.json')]), /cannot draw .*none\.json: ENOENT/);
    refused('broken.json', '{', /JSON/);
    refused('list.json', '[]', /the document is no object/);
    const of = (change: object) => JSON.stringify({ ...documents.get('accept'), ...change });
    refused('other.json', of({ scenario: 'tea' }), /no drawing for scenario "tea"; there are fanout, /);
    refused('prototype.json', of({ scenario: 'constructor' }), /no drawing for scenario "constructor"/);
    refused('undated.json', of({ date: 'today' }), /"date" is no date/);
    refused('nowhere.json', of({ machine: null }), /"machine" is no object/);
    refused('empty.json', of({ runs: [] }), /it has no runs/);
    refused('nameless.json', of({ runs: [{ result: {} }] }), /"subject" is no text/);
    refused(
      'bare.json',
      of({ runs: [{ subject: 'a', result: {} }] }),
      /a run has no figure for connections\/s/,
    );
    refused(
      'idle.json',
      JSON.stringify({ ...documents.get('idle'), options: {} }),
      /"connections" is no number/,
    );
  });

  test('draws what a scenario has just written', async () => {
    const { code, stdout, stderr, document } = await runBench(
      ...['fanout', '--subscribers', '10', '--window', '2', '--targets', 'ws-loop'],
    );
    assert.equal(code, 0, stdout + stderr);
    const [json, svg] = [file('written.json', JSON.stringify(document)), join(scratch, 'written.svg')];
    const ended = await runCommand('chart', json, '--svg', svg);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(ended.stdout, `${svg}: 1 panel\n`);
    const chart = readFileSync(svg, 'utf8');
    assertWellFormed(chart);
    assert.match(barsIn(chart).join(), /^ws-loop,[\d.]+( [kM])?$/);
  });

  test('exits with 1 for a file that it cannot draw, writes nothing then, and with 2 for a bad call', async () => {
    const [good, bad] = [file('good.json', JSON.stringify(documents.get('idle'))), file('bad.json', 'none')];
    const { code, stderr } = await runCommand('chart', good, bad, '--svg', join(scratch, 'not.svg'));
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`cannot draw ${bad}: `), stderr);
    assert.ok(!readdirSync(scratch).includes('not.svg'));
    assert.equal((await runCommand('chart', good)).code, 2);
    assert.equal((await runCommand('chart', '--svg', 'a.svg')).code, 2);
  });
});

/** Strict for what charts use of XML: elements closed in order, attributes quoted, no stray `<` or `&`. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  let isOver = false;
  const attributes = '(?:\\s[\\w:-]+="(?:[^<&"]|&(?:amp|lt|gt|quot);)*")*';
  const token = new RegExp(
    `</([a-z]+)>|<([a-z]+)${attributes}(/?)>|(?:[^<>&\\u0000-\\u0008]|&(?:amp|lt|gt|quot);)+`,
    'gy',
  );
  let end = 0;
  for (const [whole, closed, opened, slash] of xml.matchAll(token)) {
    end += whole.length;
    assert.ok(!isOver || whole.trim() === '', `after the end: ${whole}`);
    if (opened !== undefined && slash === '') open.push(opened);
    if (closed !== undefined) {
      assert.equal(open.pop(), closed);
      isOver = open.length === 0;
    }
  }
  assert.equal(end, xml.length, `no XML from ${xml.slice(end, end + 80)}`);
  assert.ok(isOver, `not closed: ${open.join()}`);
}
