import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Phrase } from '@backlot/contract/phrase';
import { formatBytes } from '../output/amounts.ts';
import type { Check, Finding } from './check.ts';

const leastFree = 1024 ** 3;
const comfortable = 10 * 1024 ** 3;

/** The data folder: can it be written, and how much fits in. */
export const storageCheck: Check = {
  name: 'storage',
  async run({ settings, say }) {
    const folder = await nearestExisting(settings.dataDir);
    try {
      await access(folder, constants.W_OK | constants.X_OK);
    } catch {
      const params = { folder: settings.dataDir };
      return [
        {
          check: 'data-dir',
          status: 'problem',
          text: say(phrases.closed, params),
          advice: say(phrases.choose),
        },
      ];
    }
    const disk = await statfs(folder);
    const free = disk.bavail * disk.bsize;
    const params = {
      folder: settings.dataDir,
      free: formatBytes(free),
      total: formatBytes(disk.blocks * disk.bsize),
    };
    const finding: Finding = { check: 'data-dir', status: 'ok', text: say(phrases.space, params) };
    if (free >= comfortable) return [finding];
    return [{ ...finding, status: free < leastFree ? 'problem' : 'warning', advice: say(phrases.makeRoom) }];
  },
};

/** The folder itself may not be there yet: then the one that it will be made in decides. */
async function nearestExisting(path: string): Promise<string> {
  const found = await access(path).then(
    () => true,
    () => false,
  );
  const parent = dirname(path);
  return found || parent === path ? path : nearestExisting(parent);
}

const phrases = {
  space: { en: '{folder}: {free} free of {total}', 'zh-CN': '{folder}：共 {total}，剩余 {free}' },
  closed: { en: '{folder} can’t be written.', 'zh-CN': '无法写入 {folder}。' },
  choose: {
    en: 'Choose another folder with BACKLOT_DATA_DIR, or give this account the right to write there.',
    'zh-CN': '请用 BACKLOT_DATA_DIR 指定其他目录，或授予当前账号写入权限。',
  },
  makeRoom: {
    en: 'Models, frames and films need room. Free some, or put the data on a larger disk with BACKLOT_DATA_DIR.',
    'zh-CN': '模型、帧和视频需要空间。请清理磁盘，或用 BACKLOT_DATA_DIR 换到更大的磁盘。',
  },
} as const satisfies Record<string, Phrase>;
