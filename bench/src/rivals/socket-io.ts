import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { deliveryOf, type Published } from './envelope.ts';
import { announce } from './lifetime.ts';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  socket.join('bench');
  socket.on('send_to_channel', (published: Published) => {
    io.to('bench').emit('message', deliveryOf(published, 'bench', socket.id));
  });
});

announce(server);
