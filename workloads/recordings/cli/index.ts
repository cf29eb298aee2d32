import type { CliCommand } from '@backlot/cli/command';
import { broadcastsGroup } from './broadcast-commands.ts';
import { channelsGroup } from './channel-commands.ts';

/** The commands of recordings. */
export const recordingsCommands: readonly CliCommand[] = [
  {
    name: 'recordings',
    summary: { en: 'Live channels and what was recorded of them', 'zh-CN': '直播频道与录制内容' },
    commands: [channelsGroup, broadcastsGroup],
  },
];
