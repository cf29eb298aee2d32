import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Phrase } from '@backlot/contract/phrase';
import { z } from 'zod';
import { type CliGroup, defineCommand, type OptionSpec, UsageError } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

/**
 * What a bench is given and gives back. Benches live in `bench/<name>/index.ts` of the repository, start what
 * they measure themselves, and leave nothing behind.
 */
export interface BenchOptions {
  readonly nodes?: number;
  readonly tasks?: number;
  readonly seconds?: number;
  readonly signal: AbortSignal;
  /** A line about what is being done, for a person who waits. */
  readonly report: (line: string) => void;
}

/** Numbers with their units in their names, and whether the bars that the bench knows were reached. */
export interface BenchResult {
  readonly bars: readonly {
    readonly name: string;
    readonly wanted: string;
    readonly found: string;
    readonly ok: boolean;
  }[];
  readonly measured: Readonly<Record<string, number | string>>;
}

const countOption = (flags: string, en: string, zh: string, defaultText: string): OptionSpec => ({
  flags,
  description: { en, 'zh-CN': zh },
  defaultText,
});

/** `backlot bench …`: measures this machine with the parts that really run. */
export const benchCommands: CliGroup = {
  name: 'bench',
  summary: { en: 'Measure the control plane on this machine', 'zh-CN': '在本机测量控制面性能' },
  commands: [
    benchCommand(
      'placement',
      {
        en: 'Assignments per second, and from queue to offer, with simulated nodes over a real database',
        'zh-CN': '模拟节点与真实数据库下的每秒分配数，以及从排队到下发的延迟',
      },
      [
        countOption('--nodes <count>', 'simulated nodes', '模拟节点数', '1000'),
        countOption('--tasks <count>', 'queued tasks', '排队任务数', '100000'),
      ],
    ),
    benchCommand(
      'link',
      {
        en: 'Memory and CPU of one control process with many idle nodes',
        'zh-CN': '单个控制进程承载大量空闲节点时的内存和 CPU',
      },
      [
        countOption('--nodes <count>', 'connected nodes', '连接的节点数', '2000'),
        countOption('--seconds <seconds>', 'how long to measure', '测量时长（秒）', '30'),
      ],
    ),
    benchCommand(
      'renders',
      {
        en: 'Wall time of an animation of short frames against one plain blender -a of the same file',
        'zh-CN': '短帧动画的总耗时，与同一文件直接运行 blender -a 相比',
      },
      [countOption('--tasks <count>', 'frames', '帧数', '60')],
    ),
    benchCommand(
      'streams',
      {
        en: 'Signalling of streams: relay, joins, idle players, a storm of reconnects',
        'zh-CN': '流媒体信令：转发、加入、空闲玩家、重连风暴',
      },
      [countOption('--tasks <count>', 'idle players', '空闲玩家数', '2000')],
    ),
    benchCommand(
      'recordings',
      {
        en: 'Recording channels of 3 Mbit/s on one core, against one ffmpeg each',
        'zh-CN': '单核录制 3 Mbit/s 频道的开销，与每路一个 ffmpeg 对比',
      },
      [
        countOption('--tasks <count>', 'channels', '频道数', '200'),
        countOption('--seconds <seconds>', 'how long to measure', '测量时长（秒）', '30'),
      ],
    ),
    benchCommand(
      'console',
      {
        en: 'First meaningful paint of the built console in Chromium, on loopback',
        'zh-CN': '已构建控制台在 Chromium 中的首次有效绘制时间（本机回环）',
      },
      [],
    ),
  ],
};

function benchCommand(name: string, summary: Phrase, options: readonly OptionSpec[]) {
  const count = z.coerce.number<unknown>().int().positive().optional();
  return defineCommand({
    name,
    summary,
    options,
    examples: [
      { command: `backlot bench ${name} --json`, description: { en: 'For a script', 'zh-CN': '用于脚本' } },
    ],
    input: z.object({ nodes: count, tasks: count, seconds: count }),
    async run({ out, say, signal }, input) {
      const bench = await loadBench(name, say(phrases.sourceOnly));
      const sizes = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
      const result = await bench.run({ ...sizes, signal, report: (line) => out.note(line) });
      out.result(result, ({ measured, bars }) => [
        ...out.table(
          [say(phrases.what), say(phrases.measured)],
          Object.entries(measured).map(([key, value]) => [key, String(value)]),
        ),
        '',
        ...out.table(
          ['', say(phrases.bar), say(phrases.wanted), say(phrases.found)],
          bars.map((bar) => [bar.ok ? '✓' : '✗', bar.name, bar.wanted, bar.found]),
        ),
      ]);
      return result.bars.every((bar) => bar.ok) ? exitCodes.ok : exitCodes.failed;
    },
  });
}

/** Benches are part of the repository and not of a release: they carry simulated nodes. */
async function loadBench(
  name: string,
  hint: string,
): Promise<{ run(options: BenchOptions): Promise<BenchResult> }> {
  const url = new URL(`../../../../bench/${name}/index.ts`, import.meta.url);
  if (!existsSync(fileURLToPath(url))) throw new UsageError(hint);
  const module: unknown = await import(url.href);
  if (!isBench(module)) throw new UsageError(hint);
  return module;
}

function isBench(module: unknown): module is { run(options: BenchOptions): Promise<BenchResult> } {
  return typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function';
}

const phrases = {
  sourceOnly: {
    en: 'Benches run from a checkout of the repository; this is a release. Clone it and run `npm start` once.',
    'zh-CN': '性能测试需在源码仓库中运行，当前为发布版本。请克隆仓库并先运行一次 `npm start`。',
  },
  what: { en: 'MEASURED', 'zh-CN': '测量项' },
  measured: { en: 'VALUE', 'zh-CN': '数值' },
  bar: { en: 'BAR', 'zh-CN': '指标' },
  wanted: { en: 'WANTED', 'zh-CN': '要求' },
  found: { en: 'FOUND', 'zh-CN': '实测' },
} as const satisfies Record<string, Phrase>;
