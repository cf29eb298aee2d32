import type { PhraseTable } from '@backlot/contract';
import { z } from 'zod';

/**
 * A complete workload that needs nothing but Node: it counts. A job is cut into parts, each part writes one small
 * file per step, and a last task adds the files up. It exercises every part of the workload port, so that the
 * kernel is proven without Blender; its parts can be told to misbehave in every way that a real process can.
 */

/** How a part behaves. All but `ok` are faults that the kernel must handle. */
export const PartMode = z.enum([
  'ok',
  /** Ends by SIGSEGV. */
  'crash',
  /** Exits 0 without having written anything: the kernel must not believe it. */
  'liar',
  /** Says nothing and never ends. */
  'silent',
  /** Works, but ignores SIGTERM and leaves a grandchild behind. */
  'stubborn',
  /** Refers to a file that is not there. */
  'missing',
  /** Finds that its input is nonsense. */
  'nonsense',
  /** Needs something that this node lacks. */
  'incapable',
  /** Allocates until it is stopped. */
  'greedy',
  /** Writes bytes that are no text. */
  'binary',
]);
export type PartMode = z.infer<typeof PartMode>;

export const CountParameters = z.object({
  parts: z.number().int().min(1).max(10_000).default(3),
  steps: z.number().int().min(1).max(1_000).default(1),
  /** Milliseconds that a step takes. */
  stepMs: z.number().int().min(0).max(600_000).default(0),
  mode: PartMode.default('ok'),
  /** Only this part misbehaves; all when left out. */
  faultyPart: z.number().int().min(0).optional(),
  /** The fault passes after so many attempts; 0: never. */
  faultyAttempts: z.number().int().min(0).default(0),
  cpu: z.number().positive().default(0.25),
  memory: z
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
  /** Free text that must stay data wherever it goes. */
  note: z.string().max(4_096).default(''),
  /** Adds one task that runs inside the tiny host. */
  hosted: z.boolean().default(false),
});
export type CountParameters = z.infer<typeof CountParameters>;

export const SplitParameters = CountParameters;
export const SplitResult = z.object({ parts: z.number().int() });

export const PartParameters = z.object({
  index: z.number().int(),
  steps: z.number().int(),
  stepMs: z.number().int(),
  mode: PartMode,
  faultyAttempts: z.number().int(),
  note: z.string(),
  /** Set by a person through `release` once the missing file is there. */
  found: z.boolean().default(false),
});
export type PartParameters = z.infer<typeof PartParameters>;
export const PartResult = z.object({ sum: z.number().int(), attempt: z.number().int() });

export const JoinParameters = z.object({ expected: z.number().int() });
export const JoinResult = z.object({ total: z.number().int(), files: z.number().int() });

export const HostedParameters = z.object({ word: z.string().max(200) });
export const HostedResult = z.object({
  echoed: z.string(),
  hostPid: z.number().int(),
  served: z.number().int(),
});

/**
 * A task that records until it is stopped: each call `tiny.cut` makes a piece that stays on the node, and tells a fact. In a
 * host that is revived; `die` kills it.
 */
export const RecordParameters = z.object({ word: z.string().max(200) });
export const RecordResult = z.object({ pieces: z.number().int() });
/** Reads a piece, wherever it is held. */
export const PlayParameters = z.object({ expected: z.string().max(1_000) });
export const PlayResult = z.object({ same: z.boolean() });

/** The name of a step's file. */
export const stepName = (part: number, step: number) => `part-${part}/step-${step}.txt`;

export const tinyPhrases = {
  'tiny.missing': {
    en: 'The file {name} is missing. Release the task once it is there.',
    'zh-CN': '缺少文件 {name}。补齐后请放行该任务。',
  },
  'tiny.nonsense': {
    en: 'The input makes no sense. Correct it and submit again.',
    'zh-CN': '输入无意义。请更正后重新提交。',
  },
  'tiny.incapable': {
    en: 'This node can’t count. Use another one.',
    'zh-CN': '此节点无法计数。请使用其他节点。',
  },
  'tiny.crashed': { en: 'The counting process ended by {how}.', 'zh-CN': '计数进程以 {how} 结束。' },
  'tiny.killed': {
    en: 'The counting process was killed from outside.',
    'zh-CN': '计数进程被外部终止。',
  },
  'tiny.stalled': {
    en: 'The counting process said nothing for too long.',
    'zh-CN': '计数进程长时间没有输出。',
  },
  'tiny.memory': { en: 'The counting process ran out of memory.', 'zh-CN': '计数进程内存不足。' },
  'tiny.lied': {
    en: 'The counting process said it was done, but step {step} has no file.',
    'zh-CN': '计数进程声称完成，但第 {step} 步没有文件。',
  },
} as const satisfies PhraseTable;
