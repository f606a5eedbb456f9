import { createServer, type Socket } from 'node:net';
import { announce } from './lifetime.ts';

const sockets = new Set<Socket>();

announce(
  createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  }),
);
