import { curlOf } from './docs-curl.js';
import { schemaTable } from './docs-schema.js';
import { byId, element, root } from './dom.js';

/** Descriptions have `code` in backticks, and no other markup. */
function prose(text = '') {
  const parts = text.split('`');
  return parts.map((part, at) => (at % 2 ? element('code', {}, part) : part));
}

function resolve(document, value) {
  if (!value?.$ref) return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce((found, name) => found?.[name], document);
}

function anchorOf({ method, path }) {
  return [method, ...(path.match(/[a-z]+/gi) ?? [])].join('-');
}

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
}

function titleOf({ method, path }) {
  return [element('span', { class: 'method' }, method.toUpperCase()), ` ${path}`];
}

function example(title, value) {
  if (value === undefined) return null;
  return element('div', {}, element('h4', {}, title), element('pre', {}, JSON.stringify(value, null, 2)));
}

function exampleOf(media) {
  return media.example ?? Object.values(media.examples ?? {})[0]?.value ?? media.schema?.examples?.[0];
}

function parameters({ parameters = [] }) {
  if (parameters.length === 0) return null;
  const properties = Object.fromEntries(
    parameters.map(({ name, schema, description, example: given, in: place }) => [
      `${name} (${place})`,
      { ...schema, description, examples: given === undefined ? [] : [given] },
    ]),
  );
  const required = parameters
    .filter((one) => one.required)
    .map(({ name, in: place }) => `${name} (${place})`);
  return element('div', {}, element('h4', {}, 'Parameters'), schemaTable({ properties, required }, prose));
}

function body(document, { requestBody }) {
  const media = requestBody?.content?.['application/json'];
  if (!media) return null;
  const schema = resolve(document, media.schema);
  return element(
    'div',
    {},
    element('h4', {}, 'Body'),
    element('p', {}, ...prose(schema.description)),
    schemaTable(schema, prose),
    example('Example', exampleOf(media)),
  );
}

function answer(document, status, given) {
  const response = resolve(document, given);
  const [[type, media] = ['', null]] = Object.entries(response.content ?? {});
  const schema = media && resolve(document, media.schema);
  return element(
    'div',
    {},
    element('h4', {}, `Answer ${status}${type === 'application/json' || !type ? '' : `, ${type}`}`),
    element('p', {}, ...prose(response.description)),
    schema && type === 'application/json' ? schemaTable(schema, prose) : null,
    media ? example('Example', exampleOf(media)) : null,
  );
}

function call(document, one) {
  const { operation } = one;
  const answers = Object.entries(operation.responses).filter(([status]) => /^2/.test(status));
  return element(
    'section',
    { id: anchorOf(one) },
    element('h3', {}, ...titleOf(one)),
    element('p', {}, ...prose(operation.description)),
    element('pre', { class: 'curl' }, curlOf(document, one, root.href.replace(/\/$/, ''))),
    parameters(operation),
    body(document, operation),
    ...answers.map(([status, given]) => answer(document, status, given)),
  );
}

function show(document) {
  const all = operationsOf(document);
  byId('about').replaceChildren(...prose(document.info.description));
  for (const { name, description } of document.tags) {
    const mine = all.filter(({ operation }) => operation.tags?.includes(name));
    if (mine.length === 0) continue;
    const links = mine.map((one) =>
      element('li', {}, element('a', { href: `#${anchorOf(one)}` }, ...titleOf(one))),
    );
    byId('contents').append(element('h4', {}, name), element('ul', {}, ...links));
    byId('calls').append(
      element('h2', { id: name }, name),
      element('p', {}, ...prose(description)),
      ...mine.map((one) => call(document, one)),
    );
  }
  const errors = document.components.responses.Error;
  byId('calls').append(element('h2', { id: 'errors' }, 'errors'), answer(document, '4XX and 5XX', errors));
  if (location.hash) byId(location.hash.slice(1))?.scrollIntoView();
}

try {
  const response = await fetch(new URL('openapi.json', root));
  show(await response.json());
} catch (thrown) {
  byId('about').replaceChildren(`The description could not be loaded: ${thrown.message}`);
}
