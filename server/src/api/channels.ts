import { isUtf8 } from 'node:buffer';
import { type Static, Type } from 'typebox';
import type { Gate } from '../access/gate.ts';
import type { Principal } from '../access/principal.ts';
import { FanwireError } from '../errors.ts';
import { failure } from './answer.ts';
import { Authorization } from './authorization.ts';
import type { Directory } from './directory.ts';
import type { ApiParts, Resource } from './parts.ts';
import { answers, ChannelPath, cursorParameter, nextCursor, pageLimit } from './schemas.ts';
import { channelParameter } from './validation.ts';

/** Most names looked at for one page: who may see few of many channels gets shorter pages. */
const maxLooked = 5_000;

const ChannelEntry = Type.Object(
  {
    name: Type.String(),
    subscribers: Type.Integer({ description: 'Connections subscribed on this node.' }),
    offset: Type.Integer({ description: 'Of the last message; 0 before the first.' }),
    epoch: Type.String({ description: 'Names the life of the history that `offset` counts in.' }),
    private: Type.Boolean({ description: 'A room that only its members may enter.' }),
  },
  { examples: [{ name: 'news', subscribers: 2, offset: 8, epoch: 'b3Jp', private: false }] },
);

const ChannelsQuery = Type.Object({
  prefix: Type.Optional(
    Type.String({ maxLength: 255, description: 'Only names that begin with it.', examples: ['news'] }),
  ),
  limit: pageLimit(100),
  cursor: cursorParameter,
});

const ChannelsAnswer = Type.Object({
  channels: Type.Array(ChannelEntry, {
    description: 'Ordered by the UTF-8 bytes of their names. May be fewer than `limit` before the last page.',
  }),
  next: nextCursor,
});

/** `GET /api/channels` and `GET /api/channels/{channel}`. */
export const addChannels: Resource = (app, parts) => {
  const { directory, gate } = parts;
  const onRequest = new Authorization(parts).need('read');
  const tags = ['channels'];

  app.get(
    '/api/channels',
    {
      schema: {
        tags,
        description:
          'Lists channels that ever had a message or have a subscriber, as far as the caller may see them.',
        querystring: ChannelsQuery,
        response: answers(ChannelsAnswer),
      },
      onRequest,
    },
    (request, reply) => {
      const { prefix = '', limit = 100, cursor } = request.query;
      const after = cursor === undefined ? undefined : nameOf(cursor);
      const sees = (name: string): boolean => maySee(gate, request.principal, name);
      visibleNames(directory, sees, { prefix, limit, after })
        .then(async ({ names, last }) => ({
          channels: (await known(parts, names)).map(({ entry }) => entry),
          ...(last === null ? {} : { next: cursorOf(last) }),
        }))
        .then((answer) => reply.send(answer))
        .catch(failure(reply));
    },
  );

  app.get(
    '/api/channels/:channel',
    {
      schema: {
        tags,
        description: 'One channel; 404 if it never had a message and has no subscriber.',
        params: ChannelPath,
        response: answers(ChannelEntry),
      },
      onRequest,
    },
    (request, reply) => {
      const name = channelParameter(request.params.channel);
      if (!maySee(gate, request.principal, name)) {
        throw new FanwireError('forbidden', `no permission to see "${name}"`);
      }
      known(parts, [name])
        .then(([found]) => {
          if (!found || (found.entry.offset === 0 && !found.live)) {
            throw new FanwireError('not_found', 'this channel never had a message and has no subscriber');
          }
          reply.send(found.entry);
        })
        .catch(failure(reply));
    },
  );
};

interface Page {
  readonly names: readonly string[];
  /** Where the next page begins behind; null when there is nothing more. */
  readonly last: string | null;
}

async function visibleNames(
  directory: Directory,
  sees: (name: string) => boolean,
  { prefix, limit, after }: { prefix: string; limit: number; after: string | undefined },
): Promise<Page> {
  const names: string[] = [];
  let last = after;
  for (let looked = 0; looked < maxLooked; looked += limit) {
    const page = await directory.channelNames({ prefix, after: last, limit: limit + 1 });
    for (const name of page.slice(0, limit)) {
      if (names.length === limit) return { names, last: last ?? null };
      if (sees(name)) names.push(name);
      last = name;
    }
    if (page.length <= limit) return { names, last: null };
  }
  return { names, last: last ?? null };
}

interface Known {
  readonly entry: Static<typeof ChannelEntry>;
  /** Somebody is in it, or about to be. */
  readonly live: boolean;
}

async function known({ directory, hub, gate }: ApiParts, names: readonly string[]): Promise<Known[]> {
  const subscribers = await directory.subscribers(names);
  return Promise.all(
    names.map(async (name, at) => {
      const count = subscribers[at] ?? null;
      const { offset, epoch } = hub.local(name) ?? (await hub.position(name));
      const entry = { name, subscribers: count ?? 0, offset, epoch, private: gate.rooms.isPrivate(name) };
      return { entry, live: count !== null };
    }),
  );
}

/** Who may do any of these with a channel knows that it exists. */
function maySee(gate: Gate, principal: Principal, name: string): boolean {
  return (['history', 'presence', 'subscribe'] as const).some((operation) =>
    gate.may(principal, operation, name),
  );
}

function cursorOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function nameOf(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  if (isUtf8(bytes) && bytes.length > 0 && bytes.toString('base64url') === cursor) return bytes.toString();
  throw new FanwireError('bad_request', 'cursor: not one that this server gave', { status: 400 });
}
