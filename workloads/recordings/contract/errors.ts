import { defineErrors } from '@backlot/contract';

/** Errors that end a request to this workload's routes. */
export const recordingErrors = defineErrors({
  source_unknown: {
    status: 422,
    retryable: false,
    message: {
      en: 'This is no address that can be recorded. Use http(s), rtmp(s), rtsp(s) or srt, or choose a kind of source.',
      'zh-CN': '该地址无法录制。请使用 http(s)、rtmp(s)、rtsp(s) 或 srt 地址，或指定源类型。',
    },
  },
  channel_exists: {
    status: 409,
    retryable: false,
    message: {
      en: 'Another channel has this ingest key. Leave the key out, and one is made.',
      'zh-CN': '另一个频道已使用该推流码。请不要填写推流码，系统会自动生成。',
    },
  },
  channel_not_running: {
    status: 409,
    retryable: true,
    message: {
      en: 'Nothing records {channel} at the moment. It answers as soon as a node has taken it.',
      'zh-CN': '目前没有节点在录制 {channel}，节点接手后即可使用。',
    },
  },
  channel_not_live: {
    status: 409,
    retryable: true,
    message: {
      en: '{channel} is not live at the moment.',
      'zh-CN': '{channel} 当前没有直播。',
    },
  },
  channel_not_push: {
    status: 422,
    retryable: false,
    message: {
      en: '{channel} is not published to us: it is pulled from an address.',
      'zh-CN': '{channel} 不是推流频道，而是从地址拉流。',
    },
  },
  flow_other_project: {
    status: 422,
    retryable: false,
    message: {
      en: 'There is no such flow in this project. Choose one of its flows.',
      'zh-CN': '该项目中没有此流程，请选择本项目的流程。',
    },
  },
  broadcast_live: {
    status: 409,
    retryable: true,
    message: {
      en: 'This broadcast is still being recorded. Stop it first.',
      'zh-CN': '该场直播仍在录制，请先停止。',
    },
  },
  broadcast_gone: {
    status: 410,
    retryable: false,
    message: {
      en: 'The files of this broadcast are gone for good. They stay in the trash for a day.',
      'zh-CN': '该场次的文件已被永久删除。文件在回收站中只保留一天。',
    },
  },
  schedule_invalid: {
    status: 422,
    retryable: false,
    message: {
      en: 'The schedule can’t be read: {reason}. A window is five fields of cron, such as “0 20 * * 1-5”.',
      'zh-CN': '无法识别排期：{reason}。时间窗口为五段 cron 表达式，例如“0 20 * * 1-5”。',
    },
  },
});
