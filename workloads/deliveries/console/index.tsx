import type { ConsoleWorkload } from '@backlot/console/workload';
import { IconCloudUpload } from '@tabler/icons-react';
import { deliveryErrors } from '../contract/errors.ts';
import { deliveryPhrases } from '../contract/phrases.ts';

/** The console half of deliveries. Small, because every page of the console loads it; its pages come when needed. */
const deliveriesConsole: ConsoleWorkload = {
  name: 'deliveries',
  rail: { order: 55, path: 'deliveries', label: 'rail', icon: DeliveriesIcon },
  pages: [
    { path: 'deliveries', component: () => import('./uploads/uploads-page.tsx') },
    { path: 'deliveries/targets', component: () => import('./targets/targets-page.tsx') },
    { path: 'deliveries/messages', component: () => import('./messages/messages-page.tsx') },
  ],
  strings: {
    en: { rail: 'Deliveries', 'command.targets': 'Delivery targets', 'command.new': 'New delivery target' },
    'zh-CN': { rail: '投递', 'command.targets': '投递目标', 'command.new': '新建投递目标' },
  },
  phrases: deliveryPhrases,
  errors: deliveryErrors,
  affected: (event) =>
    event.subject.kind === 'delivery-target' ? [['/api/v1/delivery-targets'], ['/api/v1/deliveries']] : [],
  commands: [
    { id: 'deliveries.targets', label: 'command.targets', path: '/deliveries/targets' },
    { id: 'deliveries.new', label: 'command.new', path: '/deliveries/targets?new=1' },
  ],
};

function DeliveriesIcon() {
  return <IconCloudUpload size={17} aria-hidden="true" />;
}

export default deliveriesConsole;
