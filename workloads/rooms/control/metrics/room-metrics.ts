import type { Kernel } from '@backlot/control/workload';
import { Counter } from 'prom-client';
import { MediaEvent } from '../../contract/media/events.ts';
import type { RoomEvent, Rooms } from '../ports.ts';
import type { RovMetrics } from './rov-metrics.ts';

/** Counts what happens in rooms. Returns what ends it. */
export function watchRooms(kernel: Kernel, rooms: Pick<Rooms, 'onEvent'>, rov: RovMetrics): () => void {
  const registers = [kernel.metrics];
  const happened = new Counter({
    name: 'backlot_rooms_events_total',
    help: 'What has happened in rooms, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const ended = new Counter({
    name: 'backlot_rooms_participants_left_total',
    help: 'Participants whose place in a room has ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const workersLost = new Counter({
    name: 'backlot_rooms_workers_lost_total',
    help: 'mediasoup workers that died (or hung and were killed) under a room, by node.',
    labelNames: ['node', 'hung'],
    registers,
  });
  const heardMedia = (event: Extract<RoomEvent, { kind: 'media' }>): void => {
    const node = event.room.nodeId ?? 'unknown';
    const parsed = MediaEvent.safeParse(event.event);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.event === 'transportState') rov.transportState(node, data.layer, data.state);
    else if (data.event === 'producerScore') rov.producerScore(node, data.score);
    else if (data.event === 'consumerScore') rov.consumerScore(node, data.score.score);
    else if (data.event === 'workerDied') workersLost.inc({ node, hung: String(data.hung) });
  };
  return rooms.onEvent((event) => {
    if (event.kind === 'media') {
      heardMedia(event);
      return;
    }
    happened.inc({ kind: event.kind });
    if (event.kind === 'participant.left') ended.inc({ reason: event.reason });
  });
}
