import { z } from 'zod';
import { Id } from '../id.ts';

/** Every list answers with this shape; `next` is absent on the last page. Cursors are opaque. */
export function Page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const PageQuery = z.object({
  cursor: z.string().max(500).optional().describe('`next` of the page before; left out: the first page.'),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Things on a page, at most.'),
});
export type PageQuery = z.infer<typeof PageQuery>;

export const Timestamp = z.iso.datetime();
export const IdParams = z.object({ id: Id });

/** A name that people give to things. */
export const Name = z.string().trim().min(1).max(200);
/** A name in addresses: lower-case letters, digits and dashes. */
export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/, 'Use lower-case letters, digits and dashes.');
