import { systemActor } from '@backlot/control/workload';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Room } from '../../contract/room.ts';
import { type RoomsControl, startRoomsControl } from '../../testing/control.ts';
import { RoomLog } from '../events/room-log.ts';
import type { RoomEvent, RoomMedia, Rooms } from '../ports.ts';
import { roomsOf } from '../runtime.ts';
import { Recordings } from './recordings.ts';

const patience = { timeout: 60_000, interval: 20 };
const [here, there] = ['0198f000-0000-7000-8000-00000000000a', '0198f000-0000-7000-8000-00000000000b'];
const nodeId = '0198f000-0000-7000-8000-0000000000ff';

/** Which recordings there are, as rooms move and control planes end. Real jobs on a real database; no room has media. */
describe('recordings of rooms', () => {
  let house: RoomsControl;
  let projectId: string;
  beforeAll(async () => {
    house = await startRoomsControl();
    projectId = await house.project('film');
  }, 180_000);
  afterAll(() => house?.close());

  let room: Room;
  let tracks: number;
  let place: string;
  let shown: boolean[];
  let tell: (event: RoomEvent) => void;
  let recordings: Recordings;
  let count = 0;

  beforeEach(async () => {
    count += 1;
    const name = `recorded-${count}`;
    room = await roomsOf(house.control.kernel).create(
      { name, projectId, settings: { record: true, emptyTimeoutS: 0, departureTimeoutS: 0 } },
      systemActor,
    );
    [tracks, place, shown] = [1, here, []];
    recordings = open();
    return () => recordings.close();
  });

  /** Recordings over the real service, except for what needs a media host. */
  function open(): Recordings {
    const { kernel } = house.control;
    const service = roomsOf(kernel);
    const rooms = new Proxy<Rooms>(service, {
      get(target, key) {
        if (key === 'media') return async () => ({ nodeId, allocation: place }) as Partial<RoomMedia>;
        if (key === 'tracks') return async () => Array.from({ length: tracks }, () => ({}));
        if (key === 'setRecording')
          return async (id: string, recorded: boolean) => id === room.id && shown.push(recorded);
        if (key === 'onEvent') {
          return (listener: typeof tell) => {
            tell = listener;
            return () => undefined;
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return new Recordings(kernel, rooms, runtimeLog());
  }
  function runtimeLog(): RoomLog {
    return Object.create(RoomLog.prototype, { append: { value: () => undefined } }) as RoomLog;
  }
  const published = () => tell({ kind: 'track.published', room, track: {} as never });
  const all = async () => (await recordings.store.list(room.id, undefined, 10)).reverse();
  const going = async () =>
    (await all())
      .filter((row) => row.stop_asked_at === null && row.ended_at === null)
      .map((r) => r.allocation);
  const jobState = (jobId: string) => house.control.kernel.jobs.get(jobId).then(({ state }) => state);

  it('are begun anew where a room has moved to, and the old one is ended', async () => {
    published();
    await expect.poll(going, patience).toEqual([here]);
    published();
    place = there;
    published();
    await expect.poll(going, patience).toEqual([there]);
    const [old] = await all();
    await expect.poll(() => jobState(old?.job_id ?? ''), patience).toBe('canceled');
    await recordings.jobEnded(old?.job_id ?? '');
    expect(await going()).toEqual([there]);
    expect((await recordings.store.view((await all())[0] as never)).failure).toBeNull();
  });

  it('go on when the recorder ended with its media host, if there is anything to record', async () => {
    published();
    await expect.poll(going, patience).toEqual([here]);
    place = there;
    const [first] = await all();
    await house.control.kernel.jobs.setIntent(first?.job_id ?? '', 'cancel', systemActor);
    await recordings.jobEnded(first?.job_id ?? '');
    await expect.poll(going, patience).toEqual([there]);
    expect((await recordings.store.view((await all())[0] as never)).failure).toMatchObject({
      code: 'rooms.recording_broken_off',
    });
    tracks = 0;
    place = here;
    const [, second] = await all();
    await house.control.kernel.jobs.setIntent(second?.job_id ?? '', 'cancel', systemActor);
    await recordings.jobEnded(second?.job_id ?? '');
    // The next track begins another; without one there is nothing to record.
    published();
    await expect.poll(going, patience).toEqual([here]);
    expect(await all()).toHaveLength(3);
  });

  it('that somebody has ended stay so', async () => {
    published();
    await expect.poll(going, patience).toEqual([here]);
    const [only] = await all();
    await recordings.stop(only as never, systemActor);
    place = there;
    await recordings.jobEnded(only?.job_id ?? '');
    expect(await all()).toHaveLength(1);
    await expect.poll(() => shown.at(-1), patience).toBe(false);
  });

  it('are shown again after a restart of the control plane, and ended where the room is closed', async () => {
    published();
    await expect.poll(going, patience).toEqual([here]);
    await expect.poll(() => shown, patience).toEqual([true]);
    recordings.close();
    shown = [];
    recordings = open();
    await recordings.takeUp();
    await expect.poll(() => shown, patience).toEqual([true]);
    expect(await going()).toEqual([here]);
    recordings.close();
    await roomsOf(house.control.kernel).close(room.id, { name: 'Ada', identity: null, actor: systemActor });
    const [only] = await all();
    // The event of that is lost with the process.
    await house.control.kernel.db
      .withTables<{ rooms_recording: { id: string; stop_asked_at: Date | null } }>()
      .updateTable('rooms_recording')
      .set({ stop_asked_at: null })
      .where('id', '=', only?.id ?? '')
      .execute();
    recordings = open();
    await recordings.takeUp();
    await expect.poll(() => jobState(only?.job_id ?? ''), patience).toBe('canceled');
  });
});
