import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { deliveryOf, type Published } from './envelope.ts';
import { announce } from './lifetime.ts';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  socket.on('subscribe', ({ channel }: { readonly channel: string }) => {
    socket.join(channel);
    socket.emit('subscribed', { channel });
  });
  socket.on('send_to_channel', (published: Published) => {
    io.to(published.channel).emit('message', deliveryOf(published, 'bench', socket.id));
  });
});

announce(server);
