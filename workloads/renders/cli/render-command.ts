import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { type CliAction, type CommandContext, defineCommand, findProject } from '@backlot/cli/command';
import { z } from 'zod';
import {
  engines,
  FrameRange,
  outputs,
  pictureFormats,
  presetNames,
  type Render,
  RenderSettings,
  type RenderSettingsInput,
  upAxes,
} from '../contract.ts';
import { RendersApi } from './api.ts';
import { findMissing } from './find-missing.ts';
import { followRender } from './follow.ts';
import { finish, ResultFolder } from './results.ts';
import { filesOf, type LocalFile, uploadFiles } from './upload.ts';
import { words } from './words.ts';

const exit = { ok: 0, failed: 1 } as const;

const resolution = /^(\d{1,5})x(\d{1,5})$/;
const Input = z.object({
  file: z.string(),
  name: z.string().optional(),
  project: z.string().optional(),
  frames: FrameRange.optional(),
  turntable: z.union([z.literal(true), z.coerce.number().int().min(2).max(720)]).optional(),
  fps: z.coerce.number().min(1).max(120).optional(),
  preset: z.enum(presetNames).optional(),
  resolution: z.string().regex(resolution, 'Write it as 1920x1080.').optional(),
  samples: z.coerce.number().int().min(1).optional(),
  engine: z.enum(engines).optional(),
  gpu: z.boolean().optional(),
  format: z.enum(pictureFormats).optional(),
  transparent: z.boolean().optional(),
  camera: z.string().min(1).max(120).optional(),
  up: z.enum(upAxes).optional(),
  acceptMissing: z.boolean().optional(),
  out: z.string().optional(),
  detach: z.boolean().optional(),
});
type Input = z.output<typeof Input>;

/** What was typed, as settings: left out stays left out, so that defaults have one home. */
export function settingsOf(input: Input): RenderSettings {
  const size = resolution.exec(input.resolution ?? '');
  return RenderSettings.parse({
    subject: subjectOf(input),
    ...(input.preset ? { preset: input.preset } : {}),
    ...(size ? { width: Number(size[1]), height: Number(size[2]) } : {}),
    ...(input.samples === undefined ? {} : { samples: input.samples }),
    ...(input.engine ? { engine: input.engine } : {}),
    ...(input.gpu ? { device: 'gpu' } : {}),
    ...(input.format ? { format: input.format } : {}),
    ...(input.transparent ? { transparent: true } : {}),
    ...(input.camera ? { camera: cameraOf(input.camera) } : {}),
    ...(input.up ? { upAxis: input.up } : {}),
    ...(input.acceptMissing ? { acceptMissing: true } : {}),
  } satisfies RenderSettingsInput);
}

function subjectOf({ turntable, frames, fps }: Input): RenderSettingsInput['subject'] {
  const rate = fps === undefined ? {} : { fps };
  if (turntable !== undefined)
    return { kind: 'turntable', ...(turntable === true ? {} : { frames: turntable }), ...rate };
  if (frames === undefined) return { kind: 'still' };
  if (/^-?\d+$/.test(frames)) return { kind: 'still', frame: Number(frames) };
  return { kind: 'animation', frames, ...rate };
}

function cameraOf(name: string): RenderSettingsInput['camera'] {
  if (name === 'auto' || name === 'framed' || name === 'scene') return { mode: name };
  return { mode: 'named', name };
}

/** `backlot render FILE`: uploads, renders, downloads; exits 0 only when every file is there and sound. */
export const renderCommand: CliAction = defineCommand({
  name: 'render',
  summary: { en: 'Render a 3D model or a .blend', 'zh-CN': '渲染三维模型或 .blend 文件' },
  description: {
    en: 'Uploads the model (only what is not there yet), renders it on the fleet and downloads the results. Files that the model refers to are looked for beside it. Ctrl-C stops watching; the render goes on.',
    'zh-CN':
      '上传模型（已有内容不会重复上传），在集群上渲染并下载结果。模型引用的文件会在同一文件夹中查找。按 Ctrl-C 仅停止查看，渲染会继续。',
  },
  arguments: [
    {
      name: 'file',
      description: {
        en: 'A .blend, .glb, .gltf, .obj, .fbx, .stl, .ply, .dae or .zip, or a folder with one of them',
        'zh-CN': '.blend、.glb、.gltf、.obj、.fbx、.stl、.ply、.dae 或 .zip 文件，或包含它们的文件夹',
      },
    },
  ],
  options: [
    {
      flags: '--frames <range>',
      description: { en: 'Frames, as 1-60 or 1,5,10-20', 'zh-CN': '帧范围，如 1-60 或 1,5,10-20' },
    },
    {
      flags: '--turntable [frames]',
      description: {
        en: 'One turn about the model, as pictures and a film',
        'zh-CN': '绕模型旋转一周，输出图片和影片',
      },
      defaultText: '36',
    },
    {
      flags: '--preset <name>',
      description: { en: 'How good', 'zh-CN': '画质预设' },
      choices: presetNames,
      defaultText: 'draft',
    },
    {
      flags: '--resolution <size>',
      description: { en: 'Pixels, as 1920x1080', 'zh-CN': '像素，如 1920x1080' },
    },
    { flags: '--samples <n>', description: { en: 'Samples per pixel', 'zh-CN': '每像素采样数' } },
    {
      flags: '--engine <name>',
      description: { en: 'Render engine', 'zh-CN': '渲染引擎' },
      choices: engines,
      defaultText: 'cycles',
    },
    { flags: '--gpu', description: { en: 'On a GPU', 'zh-CN': '使用 GPU' } },
    {
      flags: '--format <name>',
      description: { en: 'Format of the pictures', 'zh-CN': '图片格式' },
      choices: pictureFormats,
      defaultText: 'png',
    },
    { flags: '--transparent', description: { en: 'No background', 'zh-CN': '透明背景' } },
    {
      flags: '--camera <name>',
      description: {
        en: 'A camera of the file, or scene, framed',
        'zh-CN': '文件中的摄像机，或 scene、framed',
      },
      defaultText: 'auto',
    },
    {
      flags: '--up <axis>',
      description: { en: 'Axis of the file that points up', 'zh-CN': '文件中朝上的轴' },
      choices: upAxes,
      defaultText: 'auto',
    },
    { flags: '--fps <n>', description: { en: 'Frames per second of the film', 'zh-CN': '影片帧率' } },
    {
      flags: '--accept-missing',
      description: { en: 'Go on although files are missing', 'zh-CN': '忽略缺失文件并继续' },
    },
    { flags: '--name <name>', description: { en: 'Name of the render', 'zh-CN': '渲染名称' } },
    {
      flags: '-p, --project <name>',
      description: { en: 'Project, when there are several', 'zh-CN': '项目（有多个项目时）' },
    },
    {
      flags: '-o, --out <dir>',
      description: { en: 'Folder for the results', 'zh-CN': '结果文件夹' },
      defaultText: './<name>-render',
    },
    { flags: '--detach', description: { en: 'Submit only; do not wait', 'zh-CN': '仅提交，不等待' } },
  ],
  examples: [
    { command: 'backlot render chair.glb', description: { en: 'One picture', 'zh-CN': '渲染一张图片' } },
    {
      command: 'backlot render chair.glb --turntable --preset standard',
      description: { en: 'A turntable film', 'zh-CN': '渲染旋转展示影片' },
    },
    {
      command: 'backlot render shot.blend --frames 1-60 --out shot',
      description: { en: 'An animation', 'zh-CN': '渲染动画' },
    },
  ],
  input: Input,
  run: async (context, input) => render(context, input),
});

async function render(context: CommandContext, input: Input): Promise<0 | 1> {
  const { out, say, signal, cwd } = context;
  const settings = settingsOf(input);
  const files = await filesOf(context, resolve(cwd, input.file));
  const main = files[0] as LocalFile;
  const client = await context.api();
  const api = new RendersApi(client, signal);
  const project = await findProject(client, input.project, signal);
  const uploaded = await uploadFiles(context, client, project.id, files);
  const name = input.name ?? basename(main.name);
  const submission = { projectId: project.id, name, model: { files: uploaded }, settings };
  const submitted = await api.submit(submission, randomUUID());
  const id = submitted.job.id;
  if (input.detach) {
    out.result(submitted.job, () => say(words.goesOn, { id }));
    return exit.ok;
  }

  const stem = basename(main.name).replace(/\.[^.]+$/, '');
  const folder = new ResultFolder(client, resolve(cwd, input.out ?? `${stem}-render`), signal);
  try {
    const ended = await followRender(context, api, id, {
      onLook: (looked) => folder.fetchFrames(looked),
      onMissing: (held) => bringMissing(context, api, project.id, main, held),
    });
    return await finish(context, ended, folder);
  } catch (error) {
    if (signal.aborted) out.note(say(words.goesOn, { id }));
    if (error instanceof StillMissing) {
      out.warn(say(words.stillMissing, { names: error.names.join(', '), id }));
      return exit.failed;
    }
    throw error;
  }
}

class StillMissing extends Error {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    super(`missing: ${names.join(', ')}`);
    this.names = names;
  }
}

/** Uploads what lies beside the model of what it was missing. One round may show further files (an .mtl its textures). */
async function bringMissing(
  context: CommandContext,
  api: RendersApi,
  projectId: string,
  main: LocalFile,
  { job, missing }: Render,
): Promise<void> {
  const { found, absent } = await findMissing(
    main.path,
    missing.map(({ path }) => path),
  );
  if (found.length === 0) throw new StillMissing(absent);
  context.out.note(context.say(words.supplying, { names: found.map(({ name }) => name).join(', ') }));
  const uploaded = await uploadFiles(context, api.client, projectId, found);
  await api.supply(job.id, {
    files: uploaded.map(({ artifactId, path }) => ({ artifactId, path: path ?? outputs.preview.name })),
    acceptMissing: false,
  });
}
