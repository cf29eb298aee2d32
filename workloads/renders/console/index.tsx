import type { ConsoleWorkload } from '@backlot/console/workload';
import { IconPhotoAi } from '@tabler/icons-react';
import { RENDER_JOB } from '../contract/job.ts';
import { renderPhrases } from '../contract/phrases.ts';

/** The console half of renders. Small, because every page of the console loads it; its pages come when needed. */
const rendersConsole: ConsoleWorkload = {
  name: 'renders',
  rail: { order: 40, path: 'renders', label: 'rail', icon: RendersIcon },
  pages: [
    { path: 'renders', component: () => import('./list/renders-page.tsx') },
    { path: 'renders/new', component: () => import('./new/new-render-page.tsx') },
    { path: 'renders/models', component: () => import('./library/models-page.tsx') },
    { path: 'renders/$id', component: () => import('./job/render-page.tsx') },
  ],
  strings: {
    en: { rail: 'Renders', 'command.new': 'New render', 'command.library': 'Model library' },
    'zh-CN': { rail: '渲染', 'command.new': '新建渲染', 'command.library': '模型库' },
  },
  phrases: renderPhrases,
  jobPath: (job) => (job.kind === RENDER_JOB ? `/renders/${job.id}` : undefined),
  commands: [
    { id: 'renders.new', label: 'command.new', path: '/renders/new' },
    { id: 'renders.library', label: 'command.library', path: '/renders/models' },
  ],
};

function RendersIcon() {
  return <IconPhotoAi size={17} aria-hidden="true" />;
}

export default rendersConsole;
