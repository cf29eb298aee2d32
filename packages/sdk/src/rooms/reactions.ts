import type { Emitter } from './emitter.ts';
import type { Direction, Media } from './media.ts';
import type { Published } from './published.ts';
import type { RoomEvents } from './room-events.ts';
import type { RoomChange } from './state.ts';
import type { WireSelf } from './wire.ts';

interface ReactionsOptions {
  /** The media of the present session. */
  readonly media: () => Media;
  readonly published: Published;
  readonly self: () => string;
  readonly change: (change: RoomChange) => void;
  readonly join: () => void;
  readonly rebuild: (direction: Direction) => void;
  readonly isRebuilding: (direction: Direction) => boolean;
  readonly move: (room: string, token: string) => void;
  readonly room: Emitter<RoomEvents>;
}

/** What is done about notifications, beyond what they change in the state (`wire.ts`). */
export function reactions(options: ReactionsOptions): (method: string, data: unknown) => void {
  const { media, published, self, change, join, rebuild, isRebuilding, move, room } = options;

  const rebuildAll = async (transportIds: readonly string[]) => {
    const lost = new Set(await Promise.all(transportIds.map((id) => media().directionOf(id))));
    for (const direction of lost) if (direction) rebuild(direction);
  };

  const table: Readonly<Record<string, (data: never) => void>> = {
    admitted: join,
    consumerClosed: ({ consumerId }: { consumerId: string }) => media().endConsumer(consumerId),
    dataConsumerClosed: ({ dataConsumerId }: { dataConsumerId: string }) =>
      media().endDataConsumer(dataConsumerId),
    // One's own track, as the permission is gone; unless it was only replaced over a new transport.
    producerClosed: ({ producerId }: { producerId: string }) => {
      if (!isRebuilding('send')) published.closedByServer(producerId);
    },
    wantedLayers: ({
      producerId,
      maxSpatialLayer,
    }: {
      producerId: string;
      maxSpatialLayer: number | null;
    }) => {
      void published.withId(producerId)?.want(maxSpatialLayer);
    },
    transportsLost: ({ transportIds }: { transportIds: readonly string[] }) => void rebuildAll(transportIds),
    muted: ({ producerId, muted, by }: { producerId: string; muted: boolean; by: string }) => {
      const local = published.withId(producerId);
      if (!local) return;
      if (muted) local.mutedByOthers();
      change({ type: 'trackChanged', id: producerId, change: { muted, paused: local.muted } });
      room.emit('muted', local, muted, by);
    },
    permissionsChanged: ({ permissions, role }: Pick<WireSelf, 'permissions' | 'role'>) => {
      change({ type: 'participantChanged', identity: self(), change: { permissions, role } });
      room.emit('permissionsChanged', permissions, role);
      // The server has closed what may not be sent any more, and says so to the others.
      for (const local of published.tracks) {
        if (local.id !== undefined && !permissions.publish.includes(local.source))
          published.closedByServer(local.id);
      }
    },
    moved: ({ roomId, token }: { roomId: string; token: string }) => move(roomId, token),
    data: (message: { from: string | null; topic: string; payload: unknown }) =>
      room.emit('message', message),
  };

  return (method, data) => {
    if (Object.hasOwn(table, method)) table[method]?.(data as never);
  };
}
