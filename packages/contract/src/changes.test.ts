import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changesOf } from './changes.ts';

const Settings = z.object({
  lobby: z.boolean().default(true),
  most: z.number().int().max(9).default(5),
  look: z.object({ title: z.string().default('') }).prefault({}),
  name: z.string(),
  note: z.string().optional(),
});

describe('changes of settings', () => {
  it('are what is named, and nothing that is left out', () => {
    const Changes = changesOf(Settings);
    expect(Changes.parse({})).toEqual({});
    expect(Changes.parse({ most: 3 })).toEqual({ most: 3 });
    expect(Changes.parse({ look: {} })).toEqual({ look: { title: '' } });
    expect(Changes.safeParse({ most: 10 }).success).toBe(false);
    // The same without it: the reason that it exists.
    expect(Settings.partial().parse({ most: 3 })).toMatchObject({ lobby: true });
  });
});
