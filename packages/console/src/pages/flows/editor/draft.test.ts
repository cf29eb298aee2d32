import { describe, expect, it } from 'vitest';
import { meanwhile } from './draft.ts';

const base = { version: 7, text: 'as it was' };

describe('another version of a flow that is being edited', () => {
  it.each([
    ['is the same one', base, 'as it was', 'current'],
    ['is the same one, and there are changes', base, 'mine', 'current'],
    ['is an answer from before one’s own saving', { version: 6, text: 'older' }, 'as it was', 'current'],
    ['comes while nothing has been changed', { version: 8, text: 'theirs' }, 'as it was', 'follow'],
    ['says what one has written oneself', { version: 8, text: 'mine' }, 'mine', 'follow'],
    ['comes while there are changes', { version: 8, text: 'theirs' }, 'mine', 'collision'],
    ['comes twice while there are changes', { version: 9, text: 'as it was' }, 'mine', 'collision'],
  ])('%s', (_name, newest, text, answer) => expect(meanwhile(base, newest, text)).toBe(answer));
});
