import type { ClientAddress } from '../access/client-address.ts';
import type { FreePlace } from '../access/limits/places.ts';
import type { Principal } from '../access/principal.ts';
import type { TransportName } from './capacity.ts';
import type { Node } from './node.ts';

/**
 * Takes a place for a connection: one of those of its address and its user, and one of the server's. Returns how to
 * give it back; throws `limit_reached`, or `server_full` when there is none, or none for guests.
 */
export async function takePlace(
  { capacity, callers }: Node,
  transport: TransportName,
  client: ClientAddress,
  principal: Principal,
): Promise<FreePlace> {
  const { limits } = callers;
  const leave = await limits.places.take(transport, client, principal);
  const reserved = limits.reserved(client, principal);
  try {
    capacity.take(transport, reserved);
  } catch (thrown) {
    leave();
    if (reserved > 0 && !capacity.closed && capacity.hasRoom(transport)) limits.keptOut(client);
    throw thrown;
  }
  return () => {
    leave();
    capacity.free(transport);
  };
}
