import { describe, expect, it } from 'vitest';
import { modelPath } from './model-files.ts';
import { type ModelRights, type ReaderRights, rightsTo } from './rights.ts';

const viewer: ReaderRights = { accountId: 'me', read: true, submit: false, manage: false };
const submitter: ReaderRights = { ...viewer, submit: true };
const operator: ReaderRights = { ...submitter, manage: true };
const stranger: ReaderRights = { accountId: 'me', read: false, submit: false, manage: false };
const model = (change: Partial<ModelRights> = {}): ModelRights => ({
  projectId: 'p',
  ownerId: 'somebody',
  visibility: 'project',
  grants: [],
  ...change,
});
const closed = model({ visibility: 'private' });
const mine = model({ visibility: 'private', ownerId: 'me' });
const shown = model({ visibility: 'private', grants: [{ accountId: 'me', right: 'see' }] });
const lent = model({ visibility: 'private', grants: [{ accountId: 'me', right: 'use' }] });

describe('what somebody may do with a model', () => {
  it.each<[string, ModelRights, ReaderRights, string]>([
    ['of the project, as a viewer', model(), viewer, 'see'],
    ['of the project, as a submitter', model(), submitter, 'see use'],
    ['of the project, as an operator', model(), operator, 'see use change'],
    ['of another project', model(), stranger, ''],
    ['private, as a submitter', closed, submitter, ''],
    ['private, as an operator', closed, operator, 'see use change'],
    ['one’s own', mine, submitter, 'see use change'],
    ['one’s own, but only a viewer by now', mine, viewer, 'see'],
    ['one’s own, but no member any more', mine, stranger, ''],
    ['private, shown to a submitter', shown, submitter, 'see'],
    ['private, lent to a submitter', lent, submitter, 'see use'],
    ['private, lent to a viewer', lent, viewer, 'see'],
    ['private, lent to somebody who is no member', lent, stranger, ''],
    [
      'without an owner, for an installation’s own token',
      model({ ownerId: null, visibility: 'private' }),
      { ...submitter, accountId: null },
      '',
    ],
  ])('%s', (_words, rights, reader, expected) => {
    const may = rightsTo(rights, reader);
    const said = (['see', 'use', 'change'] as const).filter((right) => may[right]).join(' ');
    expect(said).toBe(expected);
  });
});

describe('names of model files', () => {
  it.each([
    ['chair.glb', 'chair.glb'],
    ['tex\\wood.png', 'tex/wood.png'],
    ['./a//b.png', 'a/b.png'],
    ['it\'s $(fine); 模型 "x".glb', 'it\'s $(fine); 模型 "x".glb'],
  ])('%s', (name, path) => {
    expect(modelPath(name)).toBe(path);
  });

  it.each([
    '',
    '.',
    '../a',
    'a/../../b',
    'a\0b',
    'a\nb',
    `${'x'.repeat(300)}.glb`,
    '/'.repeat(5),
    '\ud800.glb',
  ])('refuses %j', (name) => {
    expect(() => modelPath(name)).toThrow(/can’t be the name/);
  });
});
