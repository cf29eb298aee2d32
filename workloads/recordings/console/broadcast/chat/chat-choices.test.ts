import { describe, expect, it } from 'vitest';
import { readChoices } from './chat-choices.ts';

describe('how somebody wants to see chats', () => {
  it.each([
    [undefined, { hidden: [], over: false }],
    ['{"hidden":["gift"],"over":true}', { hidden: ['gift'], over: true }],
    ['{"hidden":["dance"],"over":true}', { hidden: [], over: true }],
    ['{"over":7}', { hidden: [], over: false }],
    ['not json', { hidden: [], over: false }],
    ['null', { hidden: [], over: false }],
  ])('%s is read as %j', (kept, wanted) => {
    expect(readChoices(kept)).toEqual(wanted);
  });
});
