import { element } from './dom.js';

/** The members of a JSON Schema as a table, those of objects within it by their path. */
export function schemaTable(schema, prose) {
  if (schema.anyOf) {
    const parts = schema.anyOf.flatMap((one, at) => [
      element('p', {}, at === 0 ? 'Either: ' : 'or: ', ...prose(one.description)),
      schemaTable(one, prose),
    ]);
    return element('div', {}, ...parts);
  }
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return element('p', { class: 'quiet' }, typeText(schema));
  const heads = ['Name', 'Type', 'Meaning'].map((title) => element('th', { scope: 'col' }, title));
  const lines = rows.map(({ name, type, required, description }) =>
    element(
      'tr',
      {},
      element(
        'td',
        {},
        element('code', {}, name),
        required ? null : element('span', { class: 'quiet' }, ' optional'),
      ),
      element('td', {}, type),
      element('td', {}, ...prose(description)),
    ),
  );
  const table = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...lines),
  );
  return element('div', { class: 'scroll' }, table);
}

function rowsOf(schema, prefix) {
  return Object.entries(schema.properties ?? {}).flatMap(([member, value]) => {
    const name = prefix + member;
    const row = {
      name,
      type: typeText(value),
      required: schema.required?.includes(member) ?? false,
      description: [value.description, ...limits(value)].filter(Boolean).join(' '),
    };
    return [row, ...within(value, name)];
  });
}

function within(schema, name) {
  if (schema.anyOf) return schema.anyOf.flatMap((one) => rowsOf(one, `${name}.`));
  if (schema.items) {
    return schema.items.anyOf
      ? schema.items.anyOf.flatMap((one) => rowsOf(one, `${name}[].`))
      : rowsOf(schema.items, `${name}[].`);
  }
  return rowsOf(schema, `${name}.`);
}

function typeText({ type, items, anyOf, enum: values, const: constant }) {
  if (constant !== undefined) return JSON.stringify(constant);
  if (anyOf) return [...new Set(anyOf.map(typeText))].join(' or ');
  if (values)
    return values
      .filter((value) => value !== null)
      .map((value) => JSON.stringify(value))
      .join(', ');
  const types = [type ?? 'any'].flat().filter((one) => one !== 'null');
  const text = types.join(' or ');
  return types.includes('array') && items ? `${text} of ${typeText(items)}` : text;
}

function limits(schema) {
  const known = [
    ['minimum', 'At least'],
    ['maximum', 'At most'],
    ['maxLength', 'Longest'],
    ['maxItems', 'Most entries'],
  ];
  const texts = known
    .filter(([keyword]) => schema[keyword] !== undefined && Math.abs(schema[keyword]) < 1e15)
    .map(([keyword, text]) => `${text} ${schema[keyword]}.`);
  if (schema.default !== undefined) texts.push(`Default \`${JSON.stringify(schema.default)}\`.`);
  return texts;
}
