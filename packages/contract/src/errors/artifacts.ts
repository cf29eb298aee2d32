import { defineErrors } from './catalogue.ts';

/** Errors of blobs, artifacts, uploads and downloads. */
export const artifactErrors = defineErrors({
  blob_missing: {
    status: 404,
    retryable: false,
    message: {
      en: 'The bytes {digest} are not in the store. Upload the file again.',
      'zh-CN': '存储中没有内容 {digest}。请重新上传文件。',
    },
  },
  digest_mismatch: {
    status: 422,
    retryable: true,
    message: {
      en: 'The bytes that arrived are not the file that was announced (sha-256 {found} instead of {expected}). Nothing was kept; send the file again.',
      'zh-CN':
        '收到的内容与声明的文件不一致（sha-256 为 {found}，应为 {expected}）。内容未保存，请重新发送。',
    },
  },
  size_mismatch: {
    status: 422,
    retryable: true,
    message: {
      en: '{found} bytes arrived instead of {expected}. Nothing was kept; send the file again.',
      'zh-CN': '收到 {found} 字节，应为 {expected} 字节。内容未保存，请重新发送。',
    },
  },
  upload_offset_mismatch: {
    status: 409,
    retryable: true,
    message: {
      en: 'The upload stands at byte {expected}, and the request starts at {found}. Ask for the offset and go on from there.',
      'zh-CN': '上传已到第 {expected} 字节，而请求从第 {found} 字节开始。请查询偏移后继续。',
    },
  },
  upload_gone: {
    status: 410,
    retryable: false,
    message: {
      en: 'This upload has ended or expired. Start a new one.',
      'zh-CN': '该上传已结束或过期。请重新开始上传。',
    },
  },
  upload_metadata_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: 'The upload’s metadata does not fit: {reason}. Send filename, project, and sha256 as 64 hexadecimal digits if it is known.',
      'zh-CN':
        '上传元数据不符合要求：{reason}。请发送 filename、project，以及（如已知）64 位十六进制的 sha256。',
    },
  },
  tus_version_unknown: {
    status: 412,
    retryable: false,
    message: {
      en: 'Uploads speak tus {version} here. Send the header Tus-Resumable: {version}.',
      'zh-CN': '此处上传使用 tus {version} 协议。请发送请求头 Tus-Resumable: {version}。',
    },
  },
  upload_too_large: {
    status: 413,
    retryable: false,
    message: {
      en: 'The file has {size} bytes, and at most {limit} are allowed here. Make it smaller, or ask an operator to raise the limit.',
      'zh-CN': '文件大小为 {size} 字节，此处最多允许 {limit} 字节。请减小文件，或请运维人员提高上限。',
    },
  },
  quota_storage: {
    status: 409,
    retryable: false,
    message: {
      en: 'The project {project} holds {used} of the {limit} bytes that it may have, and the file has {size}. Delete what is no longer needed, or ask an administrator for more.',
      'zh-CN':
        '项目 {project} 已使用 {used} 字节，上限为 {limit} 字节，而该文件有 {size} 字节。请删除不再需要的文件，或联系管理员提高上限。',
    },
  },
  range_not_satisfiable: {
    status: 416,
    retryable: false,
    message: {
      en: 'The file has {size} bytes; the range asked for lies outside. Ask for a range inside it.',
      'zh-CN': '文件共 {size} 字节，请求的范围超出文件。请请求有效范围。',
    },
  },
  blob_store_unavailable: {
    status: 503,
    retryable: true,
    message: {
      en: 'The store of files can’t be reached at the moment. Nothing was lost; try again in a few seconds.',
      'zh-CN': '文件存储暂时无法访问，没有内容丢失。请几秒后重试。',
    },
  },
  multipart_incomplete: {
    status: 409,
    retryable: true,
    message: {
      en: 'The upload can’t be completed: part {part} is missing or has the wrong size. Send that part again.',
      'zh-CN': '上传无法完成：第 {part} 部分缺失或大小不符。请重新发送该部分。',
    },
  },
  output_not_staged: {
    status: 409,
    retryable: true,
    message: {
      en: 'The report names the output {name}, but its bytes have not been uploaded. Upload them, then report again.',
      'zh-CN': '报告提到输出 {name}，但其内容尚未上传。请先上传，再重新报告。',
    },
  },
  too_many_logs: {
    status: 413,
    retryable: false,
    message: {
      en: 'This log has {limit} bytes, which is the most that is kept. Its further output is not kept.',
      'zh-CN': '该日志已达到上限 {limit} 字节，后续输出不再保存。',
    },
  },
  holder_away: {
    status: 503,
    retryable: true,
    message: {
      en: 'These bytes are on {nodes} only, which can’t be reached at the moment. Nothing was lost; try again when it is back.',
      'zh-CN': '该内容只在 {nodes} 上，目前无法连接。没有内容丢失，请待其恢复后重试。',
    },
  },
  artifact_needed: {
    status: 409,
    retryable: true,
    message: {
      en: 'The file {name} is still needed by {task}. Wait until that has ended, or cancel it, then delete the file.',
      'zh-CN': '文件 {name} 仍被 {task} 使用。请等待其结束或取消它，然后再删除文件。',
    },
  },
  trash_emptied: {
    status: 410,
    retryable: false,
    message: {
      en: 'The file {name} can’t be taken back: it was deleted more than {hours} hours ago.',
      'zh-CN': '文件 {name} 无法恢复：删除已超过 {hours} 小时。',
    },
  },
  pipe_not_here: {
    status: 404,
    retryable: true,
    message: {
      en: 'Nobody waits for these bytes here (any more). If there are several control processes, try again.',
      'zh-CN': '此处（已）没有人等待这些内容。如有多个控制进程，请重试。',
    },
  },
  pipe_broken: {
    status: 502,
    retryable: true,
    message: {
      en: 'The bytes stopped coming: {reason}. Try again.',
      'zh-CN': '数据传输中断：{reason}。请重试。',
    },
  },
  nothing_to_zip: {
    status: 404,
    retryable: false,
    message: {
      en: 'There are no files to download here (yet). Wait until some are finished, or choose others.',
      'zh-CN': '这里（还）没有可下载的文件。请等待生成完成，或选择其他文件。',
    },
  },
});
