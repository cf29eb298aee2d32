import type { Phrase } from '@backlot/contract/phrase';
import type { CommandContext } from '../command.ts';
import type { UpDisplay } from './up.ts';

/** Steps with their durations, the address, and afterwards only what a person should look at. */
export function terminalDisplay({ out, say }: CommandContext): UpDisplay {
  return {
    step(title) {
      const startedAt = performance.now();
      const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
      return {
        done: (note) => {
          const ms = performance.now() - startedAt;
          if (title === 'leftovers' && ms < 200) return;
          out.note(`  ✓ ${say(phrases[title])} (${seconds()} s)${note === undefined ? '' : `  ${note}`}`);
        },
        failed: () => out.note(`  ✗ ${say(phrases[title])} (${seconds()} s)`),
      };
    },
    ready({ url, setupLink }) {
      out.item({ ready: true, url, setupLink }, () => {
        const lines = [`Backlot is ready: ${url}`];
        if (setupLink !== null) lines.push(say(phrases.setup, { link: setupLink }));
        return lines.join('\n');
      });
    },
    nodeReady: (name) => out.note(say(phrases.node, { name })),
    log: (text) => out.note(text),
    stopping: () => out.note(say(phrases.stopping)),
  };
}

const phrases = {
  leftovers: { en: 'What a killed run left behind', 'zh-CN': '清理上次异常退出的残留' },
  database: { en: 'Database', 'zh-CN': '数据库' },
  control: { en: 'Control plane', 'zh-CN': '控制面' },
  setup: {
    en: 'First start: make the administrator at {link} (works once)',
    'zh-CN': '首次启动：请打开 {link} 创建管理员（仅一次有效）',
  },
  node: {
    en: 'This machine is the node {name}. Press Ctrl-C to stop everything.',
    'zh-CN': '本机已作为节点 {name} 加入。按 Ctrl-C 停止全部。',
  },
  stopping: { en: 'Stopping …', 'zh-CN': '正在停止……' },
} as const satisfies Record<string, Phrase>;
