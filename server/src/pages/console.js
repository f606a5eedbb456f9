import { byId, element, keyHeaders, refusalOf, root, setStatus } from './dom.js';

const status = byId('status');
let waiting = null;

async function get(path) {
  const key = byId('key').value.trim();
  const response = await fetch(new URL(path, root), { headers: await keyHeaders(key) });
  if (!response.ok) throw new Error(await refusalOf(response));
  return await response.json();
}

function row(...cells) {
  return element('tr', {}, ...cells.map((cell) => element('td', {}, String(cell ?? '–'))));
}

function showFigures({ websocket, sse, channels }) {
  byId('figures').replaceChildren(
    row('WebSocket connections', websocket.total, websocket.max, websocket.users),
    row('Event streams', sse.total, sse.max, sse.users),
    row('Channels with subscribers', channels.total, null, null),
    row('Subscriptions', channels.subscriptions, null, null),
  );
}

function showConnections({ connections }) {
  const rows = connections.map((one) =>
    row(
      one.id,
      one.user_id,
      one.dialect,
      one.remote_address,
      new Date(one.connected_at).toLocaleTimeString(),
      one.channels.join(', '),
      one.queued_messages,
    ),
  );
  byId('connections').replaceChildren(...rows);
}

async function refresh() {
  clearTimeout(waiting);
  try {
    const [figures, connections] = await Promise.all([get('ws/stats'), get('ws/connections?limit=200')]);
    showFigures(figures);
    showConnections(connections);
    setStatus(status, `${connections.connections.length} of ${connections.total} connections shown`, 'quiet');
  } catch (thrown) {
    setStatus(status, thrown.message, 'bad');
  }
  waiting = setTimeout(() => byId('live').checked && refresh(), 2000);
}

byId('access').addEventListener('submit', (event) => {
  event.preventDefault();
  refresh();
});
byId('live').addEventListener('change', refresh);
refresh();
