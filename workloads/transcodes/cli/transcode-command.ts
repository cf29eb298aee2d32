import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import {
  type CliAction,
  type CommandContext,
  defineCommand,
  downloadArtifact,
  findProject,
  UsageError,
  uploadFile,
} from '@backlot/cli/command';
import {
  audioModes,
  containers,
  encoderFamilies,
  presets,
  rateModes,
  Transcode,
  videoCodecs,
} from '../contract.ts';
import { settingsOf, TranscodeInput } from './settings-of.ts';
import { words } from './words.ts';

const pollMs = 700;

/** `backlot transcode FILE`: uploads, transcodes, downloads; exits 0 only when the checked film is there. */
export const transcodeCommand: CliAction = defineCommand({
  name: 'transcode',
  summary: { en: 'Make another film of a film', 'zh-CN': '视频转码' },
  description: {
    en: 'Uploads the film (only what is not there yet), transcodes it on the fleet, checks the result against the source and downloads it. Ctrl-C stops watching; the transcode goes on.',
    'zh-CN':
      '上传视频（已有内容不会重复上传），在集群上转码，与源文件比对后下载。按 Ctrl-C 仅停止查看，转码会继续。',
  },
  arguments: [{ name: 'file', description: { en: 'The film', 'zh-CN': '视频文件' } }],
  options: [
    {
      flags: '--mode <mode>',
      description: {
        en: 'copy, crf (quality), cq (quantiser), b (constant), abr (average), vbr (average with a ceiling)',
        'zh-CN': 'copy 直接复制、crf 恒定质量、cq 恒定量化、b 恒定码率、abr 平均码率、vbr 限峰值的平均码率',
      },
      choices: rateModes,
      defaultText: 'crf',
    },
    {
      flags: '--quality <n>',
      description: { en: 'For crf and cq; lower is better', 'zh-CN': '用于 crf 和 cq，数值越小质量越高' },
      defaultText: '23',
    },
    {
      flags: '--bitrate <rate>',
      description: { en: 'For b, abr and vbr: 5000k, 5M', 'zh-CN': '用于 b、abr 和 vbr，如 5000k、5M' },
    },
    {
      flags: '--max-bitrate <rate>',
      description: { en: 'The ceiling of vbr and crf', 'zh-CN': 'vbr 和 crf 的峰值码率' },
    },
    {
      flags: '--buffer <bits>',
      description: { en: 'How far the rate may swing', 'zh-CN': '码率缓冲区大小' },
      defaultText: 'two seconds of the ceiling',
    },
    { flags: '--two-pass', description: { en: 'Look at the whole film first', 'zh-CN': '两遍编码' } },
    {
      flags: '--codec <name>',
      description: { en: 'Codec of the picture', 'zh-CN': '视频编码' },
      choices: videoCodecs,
      defaultText: 'h264',
    },
    {
      flags: '--encoder <family>',
      description: { en: 'Hardware only where a node has proved it', 'zh-CN': '仅在节点已验证时使用硬件' },
      choices: encoderFamilies,
      defaultText: 'software',
    },
    {
      flags: '--preset <name>',
      description: { en: 'Quicker or smaller', 'zh-CN': '速度与体积的取舍' },
      choices: presets,
      defaultText: 'medium',
    },
    {
      flags: '--fit <size>',
      description: { en: 'Make it fit into 1280x720', 'zh-CN': '缩放到 1280x720 以内' },
    },
    { flags: '--fps <n>', description: { en: 'Another frame rate', 'zh-CN': '改变帧率' } },
    {
      flags: '--audio <mode>',
      description: { en: 'What becomes of the sound', 'zh-CN': '音频处理方式' },
      choices: audioModes,
      defaultText: 'auto',
    },
    {
      flags: '--audio-bitrate <rate>',
      description: { en: 'Bitrate of encoded sound', 'zh-CN': '音频码率' },
      defaultText: '160k',
    },
    {
      flags: '--container <name>',
      description: { en: 'Container', 'zh-CN': '封装格式' },
      choices: containers,
      defaultText: 'mp4',
    },
    {
      flags: '--subtitles <file>',
      description: {
        en: 'Burn an .ass, .srt or .vtt into the picture',
        'zh-CN': '把 .ass、.srt 或 .vtt 字幕烧录到画面',
      },
    },
    {
      flags: '--fallback <what>',
      description: {
        en: 'When encoding fails twice: remux keeps the packets',
        'zh-CN': '编码失败两次后：remux 保留原始数据',
      },
      choices: ['remux', 'fail'],
      defaultText: 'remux',
    },
    { flags: '--name <name>', description: { en: 'Name of the job', 'zh-CN': '作业名称' } },
    {
      flags: '-p, --project <name>',
      description: { en: 'Project, when there are several', 'zh-CN': '项目（有多个项目时）' },
    },
    {
      flags: '-o, --out <file>',
      description: { en: 'Where the film goes', 'zh-CN': '输出文件' },
      defaultText: './<name>-<mode>.mp4',
    },
    { flags: '--force', description: { en: 'Replace a file that is there', 'zh-CN': '覆盖已有文件' } },
    { flags: '--detach', description: { en: 'Submit only; do not wait', 'zh-CN': '仅提交，不等待' } },
  ],
  examples: [
    {
      command: 'backlot transcode take.mkv --quality 20',
      description: { en: 'Good quality', 'zh-CN': '高质量' },
    },
    {
      command: 'backlot transcode take.mkv --mode vbr --bitrate 3M --max-bitrate 6M --two-pass',
      description: { en: 'For a channel of 6 Mbit/s', 'zh-CN': '用于 6 Mbit/s 的信道' },
    },
    {
      command: 'backlot transcode take.flv --mode copy',
      description: { en: 'Another container only', 'zh-CN': '仅更换封装' },
    },
  ],
  input: TranscodeInput,
  run: (context, input) => transcode(context, input),
});

async function transcode(context: CommandContext, input: TranscodeInput): Promise<0 | 1> {
  const { out, say, signal, cwd } = context;
  const settings = settingsOf(input, say);
  const stem = basename(input.file, extname(input.file));
  const target = resolve(cwd, input.out ?? `${stem}-${input.mode}.${settings.container}`);
  if (!input.detach) await mayBeWritten(context, input, target);
  const client = await context.api();
  const project = await findProject(client, input.project, signal);
  const upload = async (file: string) => {
    const path = resolve(cwd, file);
    return (await uploadFile(context, client, project.id, { path, name: basename(path) })).id;
  };
  const artifactId = await upload(input.file);
  const submission = {
    projectId: project.id,
    name: input.name ?? basename(input.file),
    artifactId,
    ...(input.subtitles === undefined ? {} : { subtitlesId: await upload(input.subtitles) }),
    settings,
  };
  const submitted = await client.transport.call('POST', '/api/v1/transcodes', Transcode, {
    json: submission,
    idempotencyKey: randomUUID(),
    signal,
  });
  const { id } = submitted.job;
  if (input.detach) {
    out.result(submitted, () => say(words.goesOn, { id }));
    return 0;
  }
  const ended = await follow(context, client, id);
  if (ended.job.state !== 'succeeded' || !ended.output) {
    out.result(ended, () => say(words.ended, { state: ended.job.state, id }));
    return 1;
  }
  // Fetched beside its place and moved there whole: what stands at the target is never half a film.
  const beside = join(dirname(target), `.backlot-${id}`);
  let file = target;
  try {
    const film = await downloadArtifact(client, ended.output, beside, signal);
    // That took a while: somebody may have written there meanwhile.
    if (!input.force) file = await freePath(target);
    await rename(film, file);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  out.result({ ...ended, file }, () => [
    say(words.saved, { file }),
    ...(ended.result?.how === 'asked' ? [] : [say(words.fellBack, { how: ended.result?.how ?? '' })]),
    ...(ended.result?.proof ? [say(words.proof, { proof: ended.result.proof })] : []),
  ]);
  return 0;
}

/** @throws UsageError, before anything is sent, when the film would take the place of another file */
async function mayBeWritten(
  { say, cwd }: CommandContext,
  input: TranscodeInput,
  path: string,
): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (!there) return;
  const source = await stat(resolve(cwd, input.file)).catch(() => undefined);
  if (source?.ino === there.ino && source.dev === there.dev) throw new UsageError(say(words.same, { path }));
  if (!input.force) throw new UsageError(say(words.exists, { path }));
}

/** The path, or the next one with a number that nothing has: `film-2.mp4`. */
async function freePath(path: string): Promise<string> {
  const ending = extname(path);
  for (let number = 1; ; number += 1) {
    const candidate =
      number === 1 ? path : `${path.slice(0, path.length - ending.length)}-${number}${ending}`;
    if (!(await stat(candidate).catch(() => undefined))) return candidate;
  }
}

async function follow(
  context: CommandContext,
  client: Awaited<ReturnType<CommandContext['api']>>,
  id: string,
): Promise<Transcode> {
  const { out, say, signal } = context;
  const reasons = await context.reasons();
  const progress = out.progress({ title: say(words.transcoding), total: 100, unit: 'items' });
  try {
    for (;;) {
      const transcode = await client.transport.call('GET', `/api/v1/transcodes/${id}`, Transcode, { signal });
      const { job } = transcode;
      progress.update({
        done: Math.round(job.progress.fraction * 100),
        ...(job.wait ? { note: reasons(job.wait) } : {}),
      });
      if (job.endedAt !== null) {
        if (job.state === 'succeeded') progress.succeed();
        else progress.fail(job.failure ? reasons(job.failure.reason) : job.state);
        return transcode;
      }
      await client.transport.clock.sleep(pollMs, signal);
    }
  } catch (error) {
    progress.fail();
    if (signal.aborted) out.note(say(words.goesOn, { id }));
    throw error;
  }
}
