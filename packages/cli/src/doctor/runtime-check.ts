import { availableParallelism, release, totalmem } from 'node:os';
import type { Phrase } from '@backlot/contract/phrase';
import { formatBytes } from '../output/amounts.ts';
import type { Check } from './check.ts';

/** Node itself and the machine under it. */
export const runtimeCheck: Check = {
  name: 'runtime',
  async run({ say, machine }) {
    const system = `${machine.platform} ${release()}, ${process.arch}`;
    return [
      { check: 'node', status: 'ok', text: `Node ${process.versions.node} (${system})` },
      {
        check: 'memory',
        status: totalmem() < 2 * 1024 ** 3 ? 'warning' : 'ok',
        text: say(phrases.size, { cores: availableParallelism(), memory: formatBytes(totalmem()) }),
        ...(totalmem() < 2 * 1024 ** 3 ? { advice: say(phrases.small) } : {}),
      },
    ];
  },
};

const phrases = {
  size: { en: '{cores} cores, {memory} memory', 'zh-CN': '{cores} 核，内存 {memory}' },
  small: {
    en: 'Below 2 GiB the database and one render hardly fit together. Use the machine as a control plane with --no-node, or give it more memory.',
    'zh-CN': '内存低于 2 GiB 时难以同时运行数据库和渲染。请用 --no-node 仅作控制面，或增加内存。',
  },
} as const satisfies Record<string, Phrase>;
