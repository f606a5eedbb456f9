/** What the pages share. Text is only ever set as text: nothing that a server or a client sent becomes markup. */

/** The address below which everything of this server is; this file is in the folder `pages` there. */
export const root = new URL('..', import.meta.url);

/** An element with its attributes and children; a child may be a string. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Most lines that a log shows. */
const maxLines = 500;

/** Adds a line to a log, and keeps the newest in sight. */
export function addLine(log, text, kind = '') {
  const time = new Date().toLocaleTimeString();
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(element('li', { class: kind }, `${time} ${text}`));
  while (log.children.length > maxLines) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

export function setStatus(node, text, kind = '') {
  node.textContent = text;
  node.className = kind;
}

/** What was typed as JSON, else the text itself. */
export function readValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let header = null;

/** The headers that present an API key, none for an empty one; what the header is called is a setting. */
export async function keyHeaders(key) {
  if (key === '') return {};
  header ??= (await (await fetch(new URL('openapi.json', root))).json()).components.securitySchemes.apiKey
    .name;
  return { [header]: key };
}

/** The message of an error answer. */
export async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  const { code = 'error', message = response.statusText } = body?.error ?? {};
  return `${response.status} ${code}: ${message}`;
}
