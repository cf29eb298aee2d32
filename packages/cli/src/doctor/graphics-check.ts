import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Phrase } from '@backlot/contract/phrase';
import type { Check } from './check.ts';

const run = promisify(execFile);

/** NVIDIA GPUs, by the driver's own tool: the one thing that knows what programs will be able to use. */
export const graphicsCheck: Check = {
  name: 'gpu',
  async run({ say, signal }) {
    try {
      const fields = 'name,memory.total,driver_version';
      const { stdout } = await run('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader'], {
        timeout: 10_000,
        signal,
      });
      const lines = stdout
        .trim()
        .split('\n')
        .filter((line) => line !== '');
      if (lines.length === 0) return [{ check: 'gpu', status: 'ok', text: say(phrases.none) }];
      return lines.map((line) => ({ check: 'gpu', status: 'ok', text: line }));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (missing) return [{ check: 'gpu', status: 'ok', text: say(phrases.none) }];
      return [{ check: 'gpu', status: 'warning', text: say(phrases.broken), advice: say(phrases.driver) }];
    }
  },
};

const phrases = {
  none: { en: 'No NVIDIA GPU: work runs on the CPU', 'zh-CN': '没有 NVIDIA GPU：工作将在 CPU 上运行' },
  broken: { en: 'nvidia-smi is installed and fails.', 'zh-CN': '已安装 nvidia-smi，但运行失败。' },
  driver: {
    en: 'Most often the driver was updated without a restart. Restart the machine.',
    'zh-CN': '通常是更新驱动后没有重启。请重启机器。',
  },
} as const satisfies Record<string, Phrase>;
