import type { JsonSchema } from '@backlot/console/workload';
import { z } from 'zod';
import { type TargetKind, targetShapes } from '../../contract/target.ts';

/** What the kind is set up with, as a form reads it: with the words that its schemas carry. */
export function schemasOf(kind: TargetKind): { readonly settings: JsonSchema; readonly secrets: JsonSchema } {
  const { settings, secrets } = targetShapes[kind];
  const schema = (shape: z.ZodObject) => z.toJSONSchema(shape, { io: 'input' }) as JsonSchema;
  return { settings: schema(settings), secrets: schema(secrets) };
}
