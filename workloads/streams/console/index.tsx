import type { ConsoleWorkload } from '@backlot/console/workload';
import { IconDeviceGamepad2 } from '@tabler/icons-react';
import { streamPhrases } from '../contract/phrases.ts';
import { INSTANCE_JOB } from '../contract/tasks.ts';

/** The console half of streams. Small, because every page of the console loads it; its pages come when needed. */
const streamsConsole: ConsoleWorkload = {
  name: 'streams',
  rail: { order: 10, path: 'streams', label: 'rail', icon: StreamsIcon },
  pages: [
    { path: 'streams', component: () => import('./apps/apps-page.tsx') },
    { path: 'streams/new', component: () => import('./apps/new-app-page.tsx') },
    { path: 'streams/instances', component: () => import('./instances/instances-page.tsx') },
    { path: 'streams/sessions', component: () => import('./sessions/sessions-page.tsx') },
    { path: 'streams/queue', component: () => import('./queue/queue-page.tsx') },
    { path: 'streams/apps/$id', component: () => import('./app/app-page.tsx') },
    { path: 'streams/sessions/$id', component: () => import('./sessions/session-page.tsx') },
  ],
  strings: {
    en: {
      rail: 'Streams',
      'command.apps': 'Apps',
      'command.sessions': 'Stream sessions',
      'command.instances': 'Stream instances',
      'command.queue': 'Stream queue',
      'command.new': 'New app',
    },
    'zh-CN': {
      rail: '像素流',
      'command.apps': '应用',
      'command.sessions': '像素流会话',
      'command.instances': '像素流实例',
      'command.queue': '像素流队列',
      'command.new': '新建应用',
    },
  },
  phrases: streamPhrases,
  jobPath: (job) => (job.kind === INSTANCE_JOB ? '/streams/instances' : undefined),
  commands: [
    { id: 'streams.apps', label: 'command.apps', path: '/streams' },
    { id: 'streams.sessions', label: 'command.sessions', path: '/streams/sessions' },
    { id: 'streams.instances', label: 'command.instances', path: '/streams/instances' },
    { id: 'streams.queue', label: 'command.queue', path: '/streams/queue' },
    { id: 'streams.new', label: 'command.new', path: '/streams/new' },
  ],
};

function StreamsIcon() {
  return <IconDeviceGamepad2 size={17} aria-hidden="true" />;
}

export default streamsConsole;
