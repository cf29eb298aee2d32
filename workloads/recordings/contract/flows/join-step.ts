import { type FileValue, fieldWords, holdWords, Id, type StepInput, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { CHAT_KIND, CHAT_SUBTITLES_KIND, ChatMeta, FILM_CHAT_KIND } from '../chat.ts';
import { chatCovers, JOIN_TASK, JoinParameters } from '../join.ts';
import { FILM_KIND, SegmentMeta } from '../segment.ts';

const MiB = 1024 * 1024;
/** A step names at most so many nodes; the kernel's limit. */
const mostNodes = 50;
/** As many as the parameters take. */
const mostChats = 50_000;

export const JoinStep = z.object({
  container: z
    .enum(['mp4', 'mkv'])
    .default('mp4')
    .meta(fieldWords('Container', '封装格式', { order: 1 })),
  chatArea: z
    .enum(chatCovers)
    .default('half')
    .meta(
      fieldWords('Chat over the picture', '弹幕显示区域', {
        order: 2,
        hint: {
          en: 'From the top, where the recorder wrote chat down. What finds no room is left out of the subtitles.',
          'zh-CN': '从画面顶部开始，仅当录制器保存了弹幕时有效。放不下的弹幕不会出现在字幕中。',
        },
        options: {
          none: { en: 'No subtitles', 'zh-CN': '不生成字幕' },
          quarter: { en: 'A quarter', 'zh-CN': '四分之一' },
          half: { en: 'Half', 'zh-CN': '一半' },
          whole: { en: 'All of it', 'zh-CN': '整个画面' },
        },
      }),
    ),
  hold: z.boolean().default(true).meta(holdWords),
});
export type JoinStep = z.infer<typeof JoinStep>;

/**
 * Segments become films: a film for each part, because what is coded differently can't be one film without encoding.
 * `film` is there when there is just one part, and then it holds all that the segments hold; `films` always does. So a flow
 * that deletes the segments after verifying `film` can't delete a part that was never copied.
 *
 * `chat` is what people wrote meanwhile, where a recorder has it. A bad one is left out and told: it can't cost the film.
 */
export const joinStep: StepKind<JoinStep> = {
  kind: JOIN_TASK,
  title: { en: 'Join segments', 'zh-CN': '合并片段' },
  summary: {
    en: 'Makes a film of each part, packet for packet. A broadcast with several parts has several: use “films”.',
    'zh-CN': '逐包将每个分段的片段合并成一个视频。有多个分段的直播会得到多个视频，请使用“films”。',
  },
  icon: 'link',
  parameters: JoinStep,
  inputs: {
    segments: { type: 'files', title: { en: 'Segments', 'zh-CN': '片段' } },
    chat: {
      type: 'files',
      required: false,
      title: { en: 'Chat, where there is some', 'zh-CN': '弹幕（如有）' },
    },
  },
  outputs: {
    film: { type: 'file', title: { en: 'Film, when there is one part', 'zh-CN': '视频（仅一个分段时）' } },
    films: { type: 'files', title: { en: 'Films, one for each part', 'zh-CN': '各分段的视频' } },
    subtitles: {
      type: 'file',
      title: { en: 'Chat as subtitles, when there is one part', 'zh-CN': '弹幕字幕（仅一个分段时）' },
    },
    chats: { type: 'files', title: { en: 'Chat of the films', 'zh-CN': '各视频的弹幕' } },
    report: { type: 'data', title: { en: 'What is in it, what is missing', 'zh-CN': '内容与缺失' } },
  },
  carries: { film: 'segments', films: 'segments' },
  draft(input) {
    const segments = segmentsIn(input);
    const inputs = segments.map(({ digest, size }, index) => ({ name: inputName(index), digest, size }));
    const chats = chatsIn(input, inputs);
    const bytes = segments.reduce((sum, { size }) => sum + size, 0);
    const said = chats.reduce((sum, { file: { size } }) => sum + size, 0);
    const title = titleOf(input.trigger);
    return {
      kind: JOIN_TASK,
      parameters: JoinParameters.parse({
        segments: segments.map(({ meta }, index) => ({ input: inputName(index), meta: readMeta(meta) })),
        chats: chats.map(({ name, meta }) => ({ input: name, meta })),
        ...(title === '' ? {} : { title }),
        ...broadcastOf(input.trigger),
        ...input.parameters,
      }),
      inputs: [...inputs, ...chats.map(({ name, file: { digest, size } }) => ({ name, digest, size }))],
      constraints: {
        capabilities: [{ name: 'ffmpeg', features: ['ffprobe'] }],
        prefer: nodesByBytes(segments),
      },
      // The union of each part, its film, and what is being written of it.
      resources: { cpu: 1, memory: 512 * MiB, disk: bytes * 2 + said * 2 + 64 * MiB },
      retry: { maxAttempts: 3, backoffMs: 1_000, maxBackoffMs: 30_000 },
      limits: { silenceMs: 10 * 60_000, stopGraceMs: 5_000 },
    };
  },
  outcome(_input, { result, outputs }) {
    const films = outputs.filter(({ kind }) => kind === FILM_KIND);
    const chats = outputs.filter(({ kind }) => kind === FILM_CHAT_KIND);
    const subtitles = outputs.find(({ kind }) => kind === CHAT_SUBTITLES_KIND);
    const [film, ...more] = films;
    return {
      ports: {
        films: { type: 'files', files: [...films] },
        report: { type: 'data', data: jsonOf(result) },
        ...(film && more.length === 0 ? { film: { type: 'file', file: film } } : {}),
        // Of one film of several they would be burnt into any of them.
        ...(film && more.length === 0 && subtitles ? { subtitles: { type: 'file', file: subtitles } } : {}),
        ...(chats.length > 0 ? { chats: { type: 'files', files: [...chats] } } : {}),
      },
    };
  },
};

/** What recordings bring to flows; the same objects on both halves. */
// biome-ignore lint/suspicious/noExplicitAny: step kinds differ in their parameters; the engine checks each by its schema.
export const recordingSteps: readonly StepKind<any>[] = [joinStep];

/** @throws Error with a sentence, when there is nothing that can be joined */
function segmentsIn({ inputs }: Pick<StepInput, 'inputs'>): readonly FileValue[] {
  const value = inputs.segments;
  const files = value?.type === 'files' ? value.files : value?.type === 'file' ? [value.file] : [];
  if (files.length === 0) throw new Error('There are no segments: nothing was recorded.');
  // The same bytes twice (a report that was taken in on two ways) are one segment.
  return [...new Map(files.map((file) => [file.digest, file])).values()];
}

/** Chat of the segments: whatever is no chat, or is there twice, is not asked for. A join without it is as good. */
function chatsIn({ inputs }: Pick<StepInput, 'inputs'>, taken: readonly { readonly digest: string }[]) {
  const value = inputs.chat;
  const files = value?.type === 'files' ? value.files : value?.type === 'file' ? [value.file] : [];
  const seen = new Set(taken.map(({ digest }) => digest));
  const chats: { file: FileValue; meta: ChatMeta }[] = [];
  for (const file of files) {
    const { data: meta } = ChatMeta.safeParse(file.meta);
    if (file.kind !== CHAT_KIND || !meta || seen.has(file.digest) || chats.length >= mostChats) continue;
    seen.add(file.digest);
    chats.push({ file, meta });
  }
  return chats.map((chat, index) => ({ ...chat, name: chatName(index) }));
}

function readMeta(meta: unknown): SegmentMeta {
  const read = SegmentMeta.safeParse(meta);
  if (read.success) return read.data;
  throw new Error('A file is no segment of a recording: only what channels have recorded can be joined.');
}

function inputName(index: number): string {
  return `segments/${String(index + 1).padStart(6, '0')}`;
}
function chatName(index: number): string {
  return `chat/${String(index + 1).padStart(6, '0')}`;
}

/** Nodes that hold segments, the one with most of the bytes first. */
function nodesByBytes(segments: readonly FileValue[]): string[] {
  const bytes = new Map<string, number>();
  for (const { size, holders = [] } of segments)
    for (const node of holders) bytes.set(node, (bytes.get(node) ?? 0) + size);
  return [...bytes]
    .sort(([a, left], [b, right]) => right - left || a.localeCompare(b))
    .slice(0, mostNodes)
    .map(([node]) => node);
}

function titleOf(trigger: unknown): string {
  const { title } = (trigger ?? {}) as { title?: unknown };
  return typeof title === 'string' ? title.replaceAll('\0', '').slice(0, 1_000).toWellFormed() : '';
}

function broadcastOf(trigger: unknown): { broadcast?: string } {
  const { data: broadcast } = Id.safeParse(((trigger ?? {}) as { broadcast?: unknown }).broadcast);
  return broadcast === undefined ? {} : { broadcast };
}

function jsonOf(value: Record<string, unknown> | null) {
  return z.json().parse(value ?? {});
}
