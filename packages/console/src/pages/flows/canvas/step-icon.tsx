import {
  IconArrowMerge,
  IconArrowsSplit,
  IconBell,
  IconBolt,
  IconBox,
  IconChecks,
  IconCloudUpload,
  IconFileCheck,
  IconGitBranch,
  IconHourglass,
  IconLayoutGrid,
  IconMovie,
  IconPhoto,
  IconRepeat,
  IconTerminal2,
  IconTransform,
  IconTrash,
  IconWebhook,
} from '@tabler/icons-react';

/** Names that kinds of steps may give as their icon; the last word of the kind is tried next. */
const icons: Readonly<Record<string, typeof IconBox>> = {
  trigger: IconBolt,
  upload: IconCloudUpload,
  verify: IconChecks,
  notify: IconBell,
  webhook: IconWebhook,
  command: IconTerminal2,
  remux: IconTransform,
  transcode: IconMovie,
  join: IconMovie,
  film: IconMovie,
  'probe-check': IconFileCheck,
  probe: IconFileCheck,
  thumbnail: IconPhoto,
  'contact-sheet': IconLayoutGrid,
  condition: IconGitBranch,
  wait: IconHourglass,
  parallel: IconArrowsSplit,
  gather: IconArrowMerge,
  'for-each': IconRepeat,
  delete: IconTrash,
};

export function StepIcon({
  kind,
  icon,
  size = 16,
}: {
  kind: string;
  icon?: string | undefined;
  size?: number;
}) {
  const Icon = icons[icon ?? ''] ?? icons[kind.split('.').at(-1) ?? ''] ?? IconBox;
  return <Icon size={size} stroke={1.6} aria-hidden="true" />;
}
