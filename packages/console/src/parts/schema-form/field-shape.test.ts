import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { entryOf, fieldsOf, type JsonSchema, labelOf, withValue } from './field-shape.ts';

/** As a server writes its parameters into the catalogue. */
const schemaOf = (type: z.ZodType) =>
  z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

describe('fields made from a schema', () => {
  it.each<[string, z.ZodType, string]>([
    ['a text', z.string(), 'text'],
    ['a whole number', z.int().min(1), 'number'],
    ['yes or no', z.boolean().default(false), 'switch'],
    ['one of some words', z.enum(['copy', 'crf']), 'choice'],
    ['one of some words, or nothing', z.enum(['copy', 'crf']).nullable(), 'choice'],
    ['one word', z.literal('s3'), 'choice'],
    ['one of some words, each a literal', z.union([z.literal('a'), z.literal('b')]), 'choice'],
    ['several of some words', z.array(z.enum(['a', 'b'])), 'choices'],
    ['several texts', z.array(z.string()), 'lines'],
    ['texts by name', z.record(z.string(), z.string()), 'pairs'],
    ['an object', z.object({ a: z.string() }), 'group'],
    [
      'objects told apart',
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a') }),
        z.object({ kind: z.literal('b'), n: z.int() }),
      ]),
      'variant',
    ],
    ['a text or a number', z.union([z.string(), z.number()]), 'text'],
    ['anything else', z.array(z.object({ a: z.string() })), 'json'],
    ['anything at all', z.unknown(), 'json'],
  ])('%s', (_name, type, as) => {
    expect(entryOf(schemaOf(type)).as).toBe(as);
  });

  it('asks for what is needed first, and leaves constants out', () => {
    const fields = fieldsOf(
      schemaOf(
        z.object({
          kind: z.literal('x'),
          note: z.string().optional(),
          target: z.string(),
          crf: z.int().default(23),
        }),
      ),
    );
    expect(fields.map(({ name, required }) => [name, required])).toEqual([
      ['target', true],
      ['note', false],
      ['crf', false],
    ]);
  });

  it('takes the words that the owner of a parameter gave it', () => {
    const [field] = fieldsOf(
      schemaOf(
        z.object({
          path: z
            .string()
            .meta({ phrase: { en: 'Where to', 'zh-CN': '目标路径' } })
            .optional(),
        }),
      ),
    );
    expect(labelOf('path', field?.schema ?? {}, 'zh-CN')).toBe('目标路径');
    expect(labelOf('maxBitRate', {}, 'en')).toBe('Max bit rate');
  });

  it('leaves an empty field out of the value', () => {
    expect(withValue({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 });
    expect(withValue({ b: 2 }, 'a', 0)).toEqual({ a: 0, b: 2 });
  });
});
