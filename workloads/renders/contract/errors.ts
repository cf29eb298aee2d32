import { defineErrors } from '@backlot/contract';

/** Errors that end a request to this workload's routes. */
export const renderErrors = defineErrors({
  model_format_unknown: {
    status: 422,
    retryable: false,
    message: {
      en: '{name} is none of the formats that can be rendered. Use .blend, .glb, .gltf, .obj, .fbx, .stl, .ply, .dae, or a .zip with one of them.',
      'zh-CN':
        '{name} 不是可渲染的格式。请使用 .blend、.glb、.gltf、.obj、.fbx、.stl、.ply、.dae，或包含其中之一的 .zip。',
    },
  },
  model_name_invalid: {
    status: 422,
    retryable: false,
    message: {
      en: '“{name}” can’t be the name of a model’s file. Use a relative path without “..”, of at most 400 characters.',
      'zh-CN': '“{name}”不能作为模型文件名。请使用不含“..”、不超过 400 个字符的相对路径。',
    },
  },
  model_file_twice: {
    status: 422,
    retryable: false,
    message: {
      en: 'Two files of the model have the name {name}. Give each its own.',
      'zh-CN': '模型中有两个文件名为 {name}。请使用不同的名称。',
    },
  },
  model_not_usable: {
    status: 403,
    retryable: false,
    message: {
      en: 'You may see the model {name} but not render it. Ask its owner for the right to use it.',
      'zh-CN': '您可以查看模型 {name}，但无权渲染。请向其所有者申请使用权限。',
    },
  },
  render_not_waiting: {
    status: 409,
    retryable: false,
    message: {
      en: 'This render does not wait for files. Look at its state; submit it again to render with other files.',
      'zh-CN': '此渲染没有在等待文件。请查看其状态；如需更换文件请重新提交。',
    },
  },
  render_without_results: {
    status: 409,
    retryable: true,
    message: {
      en: 'This render has no results yet. Wait for its first frame and download again.',
      'zh-CN': '此渲染尚无结果。请等待第一帧完成后再下载。',
    },
  },
});
