/** The call as a line for a shell. */
export function curlOf(document, { method, path, operation }, origin) {
  const words = ['curl'];
  if (method !== 'get') words.push('-X', method.toUpperCase());
  words.push(quoted(origin + filled(path, operation.parameters ?? [])));
  const key = document.components.securitySchemes?.apiKey?.name;
  const needed =
    operation.security?.length > 0 && operation.security.every((way) => Object.keys(way).length > 0);
  if (needed && key) words.push('\\\n  -H', `"${key}: $FANWIRE_API_KEY"`);
  const media = operation.requestBody?.content?.['application/json'];
  if (media) {
    words.push('\\\n  -H', quoted('Content-Type: application/json'));
    words.push('\\\n  -d', quoted(JSON.stringify(media.example ?? {})));
  }
  return words.join(' ');
}

function filled(path, parameters) {
  return path.replaceAll(/\{(\w+)\}/g, (whole, name) => {
    const given = parameters.find((one) => one.name === name && one.in === 'path')?.example;
    return given === undefined ? whole : encodeURIComponent(given);
  });
}

function quoted(text) {
  return /^[\w:/.,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
