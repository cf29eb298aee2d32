import type { ConsoleWorkload } from '@backlot/console/workload';
import { IconPlayerRecord } from '@tabler/icons-react';
import { recordingPhrases } from '../contract/phrases.ts';
import { CHANNEL_JOB } from '../contract/watch.ts';

/** The console half of recordings. Small, because every page of the console loads it; its pages come when needed. */
const recordingsConsole: ConsoleWorkload = {
  name: 'recordings',
  rail: { order: 30, path: 'recordings', label: 'rail', icon: RecordingsIcon },
  pages: [
    { path: 'recordings', component: () => import('./channels/channels-page.tsx') },
    { path: 'recordings/channels/$id', component: () => import('./channel/channel-page.tsx') },
    { path: 'recordings/broadcasts', component: () => import('./broadcasts/broadcasts-page.tsx') },
    { path: 'recordings/broadcasts/$id', component: () => import('./broadcast/broadcast-page.tsx') },
    { path: 'recordings/disk', component: () => import('./disk/disk-page.tsx') },
  ],
  strings: {
    en: {
      rail: 'Recordings',
      'command.new': 'Add a channel',
      'command.calendar': 'Broadcasts: calendar',
      'command.disk': 'Disk forecast of recordings',
    },
    'zh-CN': {
      rail: '录制',
      'command.new': '添加频道',
      'command.calendar': '直播场次：日历',
      'command.disk': '录制磁盘预测',
    },
  },
  phrases: recordingPhrases,
  jobPath: (job) => (job.kind === CHANNEL_JOB ? '/recordings' : undefined),
  commands: [
    { id: 'recordings.new', label: 'command.new', path: '/recordings?new=1' },
    { id: 'recordings.calendar', label: 'command.calendar', path: '/recordings/broadcasts?as=calendar' },
    { id: 'recordings.disk', label: 'command.disk', path: '/recordings/disk' },
  ],
};

function RecordingsIcon() {
  return <IconPlayerRecord size={17} aria-hidden="true" />;
}

export default recordingsConsole;
