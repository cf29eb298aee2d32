import type { Phrase } from '@backlot/contract/phrase';

/** What the commands say on a terminal. */
export const words = {
  noSuchFile: { en: '<file>: there is no {path}.', 'zh-CN': '<file>：{path} 不存在。' },
  unknownFormat: {
    en: '<file>: {path} is none of .blend, .glb, .gltf, .obj, .fbx, .stl, .ply, .dae and .zip.',
    'zh-CN': '<file>：{path} 不是 .blend、.glb、.gltf、.obj、.fbx、.stl、.ply、.dae 或 .zip。',
  },
  folderWithoutModel: {
    en: '<file>: no model lies in the folder {path}. Name the model itself.',
    'zh-CN': '<file>：文件夹 {path} 中没有模型。请直接指定模型文件。',
  },
  severalModels: {
    en: '<file>: the folder holds several models ({names}). Name one of them.',
    'zh-CN': '<file>：文件夹中有多个模型（{names}）。请指定其中一个。',
  },
  tooManyFiles: {
    en: '<file>: the folder holds more than {limit} files. Name the model itself.',
    'zh-CN': '<file>：文件夹中的文件超过 {limit} 个。请直接指定模型文件。',
  },
  rendering: { en: 'Rendering', 'zh-CN': '正在渲染' },
  importing: { en: 'reading the model', 'zh-CN': '正在读取模型' },
  framesDone: { en: '{count} {count|frame|frames}', 'zh-CN': '{count} 帧' },
  eta: { en: 'about {seconds} s left ({low}–{high} s)', 'zh-CN': '约剩 {seconds} 秒（{low}–{high} 秒）' },
  supplying: {
    en: 'The model needs {names}; found beside it.',
    'zh-CN': '模型需要 {names}，已在同一文件夹中找到。',
  },
  stillMissing: {
    en: 'The model refers to files that are not beside it: {names}. Put them there and run the command again, or go on without them by --accept-missing. The render {id} waits.',
    'zh-CN':
      '模型引用的文件不在同一文件夹中：{names}。请放入后重新运行命令，或使用 --accept-missing 忽略。渲染 {id} 正在等待。',
  },
  goesOn: {
    en: 'The render {id} goes on. Fetch it later by: backlot renders download {id}',
    'zh-CN': '渲染 {id} 仍在继续。稍后可运行：backlot renders download {id}',
  },
  failed: { en: 'The render did not succeed: {reason}', 'zh-CN': '渲染未成功：{reason}' },
  notWhole: {
    en: 'The render says it has succeeded, but something is missing: {what}',
    'zh-CN': '渲染显示成功，但缺少结果：{what}',
  },
  broken: {
    en: '{name} did not arrive whole. Run: backlot renders download {id}',
    'zh-CN': '{name} 下载不完整。请运行：backlot renders download {id}',
  },
  saved: { en: '{count} {count|file|files} in {folder}', 'zh-CN': '{count} 个文件已保存到 {folder}' },
} as const satisfies Readonly<Record<string, Phrase>>;
