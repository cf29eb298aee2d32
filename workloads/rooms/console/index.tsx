import type { ConsoleWorkload } from '@backlot/console/workload';
import { IconUsersGroup } from '@tabler/icons-react';
import { roomPhrases } from '../contract/phrases.ts';
import { RECORDING_JOB } from '../contract/recording.ts';

/** The console half of rooms. Small, because every page of the console loads it; its pages come when needed. */
const roomsConsole: ConsoleWorkload = {
  name: 'rooms',
  rail: { order: 20, path: 'rooms', label: 'rail', icon: RoomsIcon },
  // Not `rooms/$id`: GET /rooms/{id} is promised to the mediasoup-demo's broadcasters, who get JSON there.
  pages: [
    { path: 'rooms', component: () => import('./list/rooms-page.tsx') },
    { path: 'rooms/media/workers', component: () => import('./workers/workers-page.tsx') },
    { path: 'rooms/live/$id', component: () => import('./room/room-page.tsx') },
  ],
  strings: {
    en: { rail: 'Rooms', 'command.new': 'New room', 'command.workers': 'Media workers' },
    'zh-CN': { rail: '房间', 'command.new': '新建房间', 'command.workers': '媒体进程' },
  },
  phrases: roomPhrases,
  jobPath: (job) => (job.kind === RECORDING_JOB ? `/jobs/${job.id}` : undefined),
  commands: [
    { id: 'rooms.new', label: 'command.new', path: '/rooms?new=1' },
    { id: 'rooms.workers', label: 'command.workers', path: '/rooms/media/workers' },
  ],
};

function RoomsIcon() {
  return <IconUsersGroup size={17} aria-hidden="true" />;
}

export default roomsConsole;
