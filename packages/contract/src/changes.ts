import { z } from 'zod';

type Bare<Field> = Field extends z.ZodDefault<infer Inner> | z.ZodPrefault<infer Inner> ? Inner : Field;
type Changes<Shape extends z.ZodRawShape> = z.ZodObject<{
  [Name in keyof Shape]: z.ZodOptional<Bare<Shape[Name]>>;
}>;

/**
 * What a `PATCH` takes of these settings: what is left out stays as it is. `.partial()` alone does not do that: a field with a
 * default gets its default where it is left out, and whoever changes one setting sets all others back.
 */
export function changesOf<Shape extends z.ZodRawShape>(settings: z.ZodObject<Shape>): Changes<Shape> {
  const fields = Object.entries(settings.shape).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? field.unwrap() : field;
    return [name, (bare as z.ZodType).optional()];
  });
  return z.object(Object.fromEntries(fields)) as unknown as Changes<Shape>;
}
