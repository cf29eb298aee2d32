import type { RoomUsage, WorkerUsage } from '../../contract/media/calls.ts';
import type { MediaRoom } from './room/media-room.ts';
import type { WorkerSlot } from './workers/worker-slot.ts';

/** One worker in numbers. */
export function workerUsage(slot: WorkerSlot, budget: number, rooms: readonly MediaRoom[]): WorkerUsage {
  const count = (
    objects: (room: MediaRoom) => Iterable<{ readonly site: { readonly slot: WorkerSlot } }>,
  ) => {
    let sum = 0;
    for (const room of rooms) for (const { site } of objects(room)) if (site.slot === slot) sum += 1;
    return sum;
  };
  return {
    index: slot.index,
    pid: slot.running?.worker.pid ?? 0,
    state: slot.running ? 'running' : 'starting',
    port: slot.port,
    restarts: slot.restarts,
    predictedPackets: Math.round(slot.ledger.predicted),
    budgetPackets: budget,
    routers: rooms.reduce((sum, room) => sum + room.sites.all.filter((site) => site.slot === slot).length, 0),
    transports: count((room) => room.transports.values()),
    producers: count((room) => room.producers.values()),
    consumers: count((room) => room.consumers.values()),
    resources: slot.usage ? { ...slot.usage } : null,
    cores: slot.cores,
  };
}

/** One room in numbers. */
export function roomUsage(room: MediaRoom): RoomUsage {
  const owners = new Set([
    ...room.participants.keys(),
    ...[...room.transports.values()].map(({ owner }) => owner),
  ]);
  return {
    allocation: room.parts.key,
    roomId: room.parts.roomId,
    name: room.parts.name,
    participants: owners.size,
    transports: room.transports.size,
    producers: room.producers.size,
    consumers: room.consumers.size,
    dataProducers: room.dataProducers.size,
    dataConsumers: room.dataConsumers.size,
    workers: room.sites.all.map((site) => site.slot.index),
  };
}
