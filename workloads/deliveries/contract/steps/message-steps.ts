import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { messageTargetKinds } from '../message-targets.ts';
import { NoticeLevel } from '../notice.ts';
import { TargetRef } from '../target.ts';

export const NOTIFY_STEP = 'deliveries.notify';
export const WEBHOOK_STEP = 'deliveries.webhook';

export const noticeTemplates = ['finished', 'uploaded', 'failed', 'custom'] as const;

export const NotifyStep = z.object({
  target: TargetRef.meta(
    fieldWords('Target', '通知目标', { pick: 'delivery-target', kinds: messageTargetKinds, order: 1 }),
  ),
  template: z
    .enum(noticeTemplates)
    .default('finished')
    .meta(
      fieldWords('Message', '消息', {
        order: 2,
        options: {
          finished: { en: 'the flow is done', 'zh-CN': '流程已完成' },
          uploaded: { en: 'a file was uploaded', 'zh-CN': '文件已上传' },
          failed: { en: 'a step has failed', 'zh-CN': '步骤失败' },
          custom: { en: 'own words', 'zh-CN': '自定义' },
        },
      }),
    ),
  language: z
    .enum(['en', 'zh-CN'])
    .default('en')
    .meta(
      fieldWords('Language', '语言', {
        order: 3,
        options: { en: { en: 'English', 'zh-CN': '英文' }, 'zh-CN': { en: 'Chinese', 'zh-CN': '中文' } },
      }),
    ),
  title: z
    .string()
    .max(500)
    .default('')
    .meta(fieldWords('Title', '标题', { pick: 'template', order: 4 })),
  text: z
    .string()
    .max(10_000)
    .default('')
    .meta(fieldWords('Text', '正文', { pick: 'template', rows: 4, order: 5 })),
  level: NoticeLevel.optional().meta(
    fieldWords('Level', '级别', {
      order: 6,
      advanced: true,
      options: {
        info: { en: 'information', 'zh-CN': '信息' },
        success: { en: 'success', 'zh-CN': '成功' },
        warning: { en: 'warning', 'zh-CN': '警告' },
        failure: { en: 'failure', 'zh-CN': '失败' },
      },
    }),
  ),
  group: z
    .string()
    .max(200)
    .default('')
    .meta(
      fieldWords('Group', '分组', {
        order: 7,
        advanced: true,
        hint: {
          en: 'Of messages of one group at most one goes out in ten minutes; the others are counted and told together.',
          'zh-CN': '同一分组十分钟内最多发送一条，其余会合并汇总。',
        },
      }),
    ),
});
export type NotifyStep = z.infer<typeof NotifyStep>;

/** Told by the control plane: it needs no node, and ends when the message is in the outbox. */
export const notifyStep: StepKind<NotifyStep> = {
  kind: NOTIFY_STEP,
  title: { en: 'Notify', 'zh-CN': '通知' },
  summary: {
    en: 'Sends a message; it is tried again for three days.',
    'zh-CN': '发送一条消息，失败会在三天内重试。',
  },
  icon: 'bell',
  parameters: NotifyStep,
  inputs: { data: { type: 'data', required: false } },
  outputs: {},
  performedBy: 'control',
};

export const WebhookStep = z.object({
  target: TargetRef.meta(
    fieldWords('Target', '目标', { pick: 'delivery-target', kinds: ['webhook'], order: 1 }),
  ),
  type: z
    .string()
    .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/i, 'A type has words of letters, digits and _ with dots between.')
    .max(100)
    .default('flow.done')
    .meta(fieldWords('Type', '类型', { order: 2 })),
  data: z
    .record(z.string(), z.unknown())
    .default({})
    .meta(fieldWords('Data', '数据', { pick: 'template', rows: 6, order: 3 })),
});
export type WebhookStep = z.infer<typeof WebhookStep>;

/** Signed after Standard Webhooks; never folded with others, since programs want each. */
export const webhookStep: StepKind<WebhookStep> = {
  kind: WEBHOOK_STEP,
  title: { en: 'Webhook', 'zh-CN': 'Webhook' },
  summary: {
    en: 'Calls an address with signed data; it is tried again for three days.',
    'zh-CN': '向指定地址发送签名数据，失败会在三天内重试。',
  },
  icon: 'webhook',
  parameters: WebhookStep,
  inputs: { data: { type: 'data', required: false } },
  outputs: {},
  performedBy: 'control',
};
