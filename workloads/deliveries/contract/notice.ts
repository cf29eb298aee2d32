import { z } from 'zod';

export const noticeLevels = ['info', 'success', 'warning', 'failure'] as const;
export const NoticeLevel = z.enum(noticeLevels);
export type NoticeLevel = z.infer<typeof NoticeLevel>;

/** A message before it takes the shape that a service wants. All of it is data: shown, never interpreted. */
export const Notice = z.object({
  title: z.string().max(500),
  text: z.string().max(20_000),
  level: NoticeLevel.default('info'),
  /** Where a person can look. */
  url: z.string().max(2_000).optional(),
});
export type Notice = z.infer<typeof Notice>;
