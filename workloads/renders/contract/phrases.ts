import {
  type Failure,
  type FailureClass,
  type PhraseParams,
  type PhraseTable,
  reason,
} from '@backlot/contract';

/**
 * Why a render does not go on, in sentences that say what to do. The names in braces are data from a model or an
 * importer: shown, never interpreted.
 */
export const renderPhrases = {
  'renders.unreadable': {
    en: 'The model can’t be read: {detail}. Open it in the program it came from and export it again.',
    'zh-CN': '无法读取模型：{detail}。请在原软件中打开并重新导出。',
  },
  'renders.unsupported_version': {
    en: 'This variant of the format can’t be read here: {detail}. Export it as glTF 2.0, binary FBX or .blend.',
    'zh-CN': '此处不支持该格式的这一版本：{detail}。请导出为 glTF 2.0、二进制 FBX 或 .blend。',
  },
  'renders.unknown_format': {
    en: '{name} is none of the formats that can be rendered. Use .blend, .glb, .gltf, .obj, .fbx, .stl, .ply, .dae, or a .zip with one of them.',
    'zh-CN':
      '{name} 不是可渲染的格式。请使用 .blend、.glb、.gltf、.obj、.fbx、.stl、.ply、.dae，或包含其中之一的 .zip。',
  },
  'renders.no_geometry': {
    en: 'The model has no surface that could be rendered ({points} {points|point|points} and {edges} {edges|edge|edges} without a face). Give it faces, or export the mesh itself.',
    'zh-CN': '模型中没有可渲染的表面（{points} 个点、{edges} 条边不属于任何面）。请添加面，或导出网格本身。',
  },
  'renders.empty_picture': {
    en: 'Nothing of the model is visible: its {polygons} faces are degenerate, infinite or wholly transparent. Check scale and materials in the program it came from.',
    'zh-CN': '模型在画面中不可见：其 {polygons} 个面退化、坐标无穷大或完全透明。请在原软件中检查比例和材质。',
  },
  'renders.too_large': {
    en: 'The model has {polygons} {polygons|face|faces}, and at most {limit} are rendered. Reduce it and upload it again.',
    'zh-CN': '模型有 {polygons} 个面，最多渲染 {limit} 个。请精简后重新上传。',
  },
  'renders.no_such_camera': {
    en: 'The file has no camera “{wanted}”. It has: {cameras}. Choose one of them, or automatic framing.',
    'zh-CN': '文件中没有摄像机“{wanted}”。现有：{cameras}。请选择其中之一或自动取景。',
  },
  'renders.too_many_frames': {
    en: 'The file’s own range has {count} {count|frame|frames}, and one job has {limit} at most. Choose frames, such as 1-250.',
    'zh-CN': '文件的帧范围共 {count} 帧，单个任务最多 {limit} 帧。请指定帧范围，例如 1-250。',
  },
  'renders.files_missing': {
    en: '{count} {count|file|files} that the model refers to {count|is|are} missing: {names}. Upload {count|it|them}, or go on without {count|it|them}.',
    'zh-CN': '缺少模型引用的 {count} 个文件：{names}。请上传，或选择忽略并继续。',
  },
  'renders.files_required': {
    en: '{count} {count|file|files} without which the model can’t be read {count|is|are} missing: {names}. Upload {count|it|them}.',
    'zh-CN': '缺少读取模型所必需的 {count} 个文件：{names}。请上传。',
  },
  'renders.zip_refused': {
    en: 'The zip is not unpacked: {detail}. Pack the model with its textures again, without anything else.',
    'zh-CN': '未解压该压缩包：{detail}。请仅将模型及其贴图重新打包。',
  },
  'renders.zip_without_model': {
    en: 'The zip holds no model that can be rendered. Put a .blend, .glb, .gltf, .obj, .fbx, .stl, .ply or .dae into it.',
    'zh-CN': '压缩包中没有可渲染的模型。请放入 .blend、.glb、.gltf、.obj、.fbx、.stl、.ply 或 .dae。',
  },
  'renders.capability': {
    en: 'This node’s Blender can’t do it ({needs}): {detail}. Another node may; else export the model without it.',
    'zh-CN': '此节点的 Blender 不具备所需能力（{needs}）：{detail}。可由其他节点执行，或导出时不使用该特性。',
  },
  'renders.compressed': {
    en: 'The model is compressed with {needs}, which no Blender here can unpack. Export it without compression.',
    'zh-CN': '模型使用了 {needs} 压缩，此处的 Blender 无法解压。请关闭压缩后重新导出。',
  },
  'renders.import_crashed': {
    en: 'Blender crashed while it read the model ({how}). Open it in the program it came from and export it again, best as glTF.',
    'zh-CN': '读取模型时 Blender 崩溃（{how}）。请在原软件中打开并重新导出，建议使用 glTF。',
  },
  'renders.import_too_slow': {
    en: 'Reading the model took more than {seconds} s. Reduce it, or export it as .glb.',
    'zh-CN': '读取模型超过 {seconds} 秒。请精简模型，或导出为 .glb。',
  },
  'renders.crashed': {
    en: 'Blender ended by {how} in the middle of frame {frame}. It is tried again elsewhere.',
    'zh-CN': 'Blender 在渲染第 {frame} 帧时因 {how} 终止，将在其他位置重试。',
  },
  'renders.stalled': {
    en: 'Frame {frame} took more than {seconds} s, many times what was expected. It is tried again elsewhere.',
    'zh-CN': '第 {frame} 帧超过 {seconds} 秒，远超预期，将在其他位置重试。',
  },
  'renders.out_of_memory': {
    en: 'Frame {frame} needs more memory than the {limit} MB it had. It is tried again with more.',
    'zh-CN': '第 {frame} 帧所需内存超过已分配的 {limit} MB，将增加内存后重试。',
  },
  'renders.import_out_of_memory': {
    en: 'Reading the model needs more memory than the {limit} MB it had. It is tried again with more.',
    'zh-CN': '读取模型所需内存超过已分配的 {limit} MB，将增加内存后重试。',
  },
  'renders.gpu_memory': {
    en: 'Frame {frame} does not fit into the memory of the GPU. Reduce textures or resolution, or render on the CPU.',
    'zh-CN': '第 {frame} 帧超出 GPU 显存。请减小贴图或分辨率，或改用 CPU 渲染。',
  },
  'renders.picture_wrong': {
    en: 'The picture of frame {frame} is wrong: {detail}. It is rendered again elsewhere once.',
    'zh-CN': '第 {frame} 帧的图片有误：{detail}。将在其他位置重新渲染一次。',
  },
  'renders.film_wrong': {
    en: 'The film is wrong: {detail}. It is made again.',
    'zh-CN': '影片有误：{detail}。将重新生成。',
  },
  'renders.ffmpeg_failed': {
    en: 'ffmpeg could not put the pictures together: {detail}. It is tried again elsewhere.',
    'zh-CN': 'ffmpeg 无法合成图片：{detail}。将在其他位置重试。',
  },
  'renders.output_failed': {
    en: 'The result could not be written: {detail}. Free some space on the node; it is tried again elsewhere.',
    'zh-CN': '无法写入结果：{detail}。请在节点上释放空间；将在其他位置重试。',
  },
  'renders.script_fault': {
    en: 'A fault of Backlot itself: {detail}. Report it with the log of this task; the model may be fine.',
    'zh-CN': 'Backlot 自身的故障：{detail}。请附上此任务的日志进行反馈；模型可能没有问题。',
  },
  'renders.killed': {
    en: 'The process was killed from outside (SIGKILL), not by Backlot. It is started again.',
    'zh-CN': '进程被外部强制终止（SIGKILL），并非由 Backlot 发起，将重新启动。',
  },
  'renders.lost': {
    en: 'The process was lost before it said how it ended. It is tried again.',
    'zh-CN': '进程丢失，未能得知其结束方式，将重试。',
  },
} as const satisfies PhraseTable;
export type RenderPhrase = keyof typeof renderPhrases;

/** A typed failure of this workload. `cause` tells apart what the sentence does not; it becomes the signature. */
export function renderFailure(
  failureClass: FailureClass,
  code: RenderPhrase,
  params: PhraseParams = {},
  more: Pick<Failure, 'excerpt' | 'missing' | 'peakMemory'> & { readonly cause?: string } = {},
): Failure {
  const { cause, ...rest } = more;
  return {
    class: failureClass,
    reason: reason(renderPhrases, code, params),
    signature: [failureClass, code, ...(cause === undefined ? [] : [cause])].join(':').slice(0, 300),
    ...rest,
  };
}
