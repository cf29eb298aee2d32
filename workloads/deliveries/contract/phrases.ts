import {
  type Failure,
  type FailureClass,
  type PhraseParams,
  type PhraseTable,
  reason,
} from '@backlot/contract';

/** Why something is not delivered, in sentences that say what to do. Names in braces are data: shown, never interpreted. */
export const deliveryPhrases = {
  'deliveries.target_missing': {
    en: 'There is no target {target} in this project. Make it, or name another in the flow.',
    'zh-CN': '此项目中没有投递目标 {target}。请创建它，或在流程中改用其他目标。',
  },
  'deliveries.target_disabled': {
    en: 'The target {target} is switched off. Switch it on, and this goes on by itself.',
    'zh-CN': '投递目标 {target} 已停用。启用后会自动继续。',
  },
  'deliveries.target_wrong_kind': {
    en: 'The target {target} takes messages, not files. Name a target for files.',
    'zh-CN': '投递目标 {target} 只接收消息，不接收文件。请改用文件目标。',
  },
  'deliveries.secrets_lost': {
    en: 'The secrets of {target} can’t be opened with the key of this installation, as after restoring a database without it. Give them again, and this goes on by itself.',
    'zh-CN': '无法用此系统的密钥打开 {target} 的密钥（例如恢复数据库时缺少原密钥）。重新填写后会自动继续。',
  },
  'deliveries.unreachable': {
    en: '{target} can’t be reached: {detail}. It is tried again by itself, and nothing is deleted meanwhile.',
    'zh-CN': '无法连接 {target}：{detail}。系统会自动重试，期间不会删除任何文件。',
  },
  'deliveries.slow': {
    en: '{target} is too slow to be used: {detail}. It is tried again by itself, and nothing is deleted meanwhile.',
    'zh-CN': '{target} 速度过慢，无法使用：{detail}。系统会自动重试，期间不会删除任何文件。',
  },
  'deliveries.refused': {
    en: '{target} refuses: {detail}. Check its settings and its password or key; it is tried again by itself.',
    'zh-CN': '{target} 拒绝了请求：{detail}。请检查其设置和密码或密钥；系统会自动重试。',
  },
  'deliveries.full': {
    en: '{target} has no more room: {detail}. Free some there; it is tried again by itself.',
    'zh-CN': '{target} 空间不足：{detail}。请在目标端清理空间；系统会自动重试。',
  },
  'deliveries.name_taken': {
    en: 'Other content stands at {path} on {target} already. Change the path, or let the step choose a new name.',
    'zh-CN': '{target} 的 {path} 处已有不同内容。请修改路径，或让该步骤自动改名。',
  },
  'deliveries.copy_missing': {
    en: 'There is no file {path} on {target}. The copy counts as not made; nothing is deleted here.',
    'zh-CN': '{target} 上没有文件 {path}。该副本视为不存在，本地文件不会删除。',
  },
  'deliveries.copy_differs': {
    en: 'What stands at {path} on {target} is not what was sent: {detail}. Nothing is deleted here; upload it again.',
    'zh-CN': '{target} 上的 {path} 与发送的内容不一致：{detail}。本地文件不会删除，请重新上传。',
  },
  'deliveries.folder_not_allowed': {
    en: 'This node’s operator does not allow the folder {path}. Allow a folder above it with BACKLOT_DELIVERY_FOLDERS there.',
    'zh-CN':
      '该节点的运维者未允许使用文件夹 {path}。请在该节点上用 BACKLOT_DELIVERY_FOLDERS 允许其上级文件夹。',
  },
  'deliveries.no_rclone': {
    en: 'This node has no rclone. Install it there; other nodes that have it are used meanwhile.',
    'zh-CN': '该节点没有 rclone。请安装；期间会使用其他已安装的节点。',
  },
  'deliveries.command_not_allowed': {
    en: 'No command is allowed under the name {command}. An administrator allows it, or the node’s operator does.',
    'zh-CN': '没有名为 {command} 的允许命令。请由管理员或节点运维者允许。',
  },
  'deliveries.command_failed': {
    en: 'The command {command} ended with code {code}. Its log says more.',
    'zh-CN': '命令 {command} 以代码 {code} 结束。详情见日志。',
  },
  'deliveries.command_slow': {
    en: 'The command {command} was not done within {seconds} {seconds|second|seconds}.',
    'zh-CN': '命令 {command} 未能在 {seconds} 秒内完成。',
  },
  'deliveries.broken_off': {
    en: 'The upload to {target} ended unexpectedly. It goes on from where it was.',
    'zh-CN': '到 {target} 的上传意外中断。将从断点继续。',
  },
  'deliveries.test_waits': {
    en: 'No node has tried it yet: {detail}. Look at the job, or try again later.',
    'zh-CN': '还没有节点执行测试：{detail}。请查看作业，或稍后再试。',
  },
  'deliveries.message_refused': {
    en: '{target} did not take the message: {detail}.',
    'zh-CN': '{target} 未接受消息：{detail}。',
  },
  'deliveries.message_too_old': {
    en: 'It could not be sent for {days} {days|day|days} and was given up. Send it again if it still matters.',
    'zh-CN': '{days} 天内未能发送，已放弃。如仍需要，请重新发送。',
  },
} as const satisfies PhraseTable;
export type DeliveryPhrase = keyof typeof deliveryPhrases;

/** A typed failure of an attempt. `cause` tells apart what has the same code. */
export function deliveryFailure(
  failureClass: FailureClass,
  code: DeliveryPhrase,
  params: PhraseParams = {},
  cause?: string,
): Failure {
  return {
    class: failureClass,
    reason: reason(deliveryPhrases, code, params),
    signature: [failureClass, code, ...(cause === undefined ? [] : [cause])].join(':').slice(0, 300),
  };
}
