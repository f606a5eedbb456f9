import { connect } from 'node:net';

/** Sends these bytes on a socket of their own, and resolves with all that came back once the server has closed it. */
export function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
  });
  socket.on('close', () => resolve(received));
  socket.on('error', reject);
  socket.write(bytes);
  return promise;
}

/** Status and parsed body of a raw answer. */
export function readAnswer(text: string) {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: JSON.parse(body) };
}
