import { describe, expect, it } from 'vitest';
import { AppRecipe } from '../../contract/app.ts';
import { demoDraft, firstDraft, toDraft, toRecipe } from './draft.ts';

describe('a recipe as people edit it', () => {
  it('comes back unchanged, with what the form doesn’t show', () => {
    const recipe = AppRecipe.parse({
      launch: { argv: ['/opt/a b/run.sh', '-Name=a b', ''], cwd: '/opt', env: { A: '1=2', B: '' } },
      platforms: { windows: { argv: ['C:\\x.exe'] }, macos: null },
      placement: { pool: 'gpu', labels: { rack: '3' } },
      resources: { cpu: 3, memory: 2 * 1024 ** 3, gpu: { vram: 1024 ** 3, encoderSessions: 2 }, perGpu: 3 },
      reset: { kind: 'stdin', line: 'reset', acknowledge: 'done', deadlineMs: 2500 },
      recycle: { ageSeconds: 5400, sessions: 10, memory: 8 * 1024 ** 3 },
    });
    // An empty last argument has no line of its own.
    const expected = { ...recipe, launch: { ...recipe.launch, argv: recipe.launch.argv.slice(0, 2) } };
    expect(toRecipe(toDraft(recipe))).toEqual({ recipe: expected });
  });

  it.each([
    ['the first one', firstDraft()],
    ['the demo', demoDraft()],
  ])('that a form begins with is a whole one: %s', (_name, draft) => {
    expect(toRecipe(draft)).toHaveProperty('recipe');
  });

  it('keeps an argument with spaces one argument', () => {
    const result = toRecipe({ ...firstDraft(), argv: 'run\n-Title=My great app\n' });
    expect(result).toMatchObject({ recipe: { launch: { argv: ['run', '-Title=My great app'] } } });
  });

  it.each([
    ['argv', { argv: '\n' }],
    ['env', { env: 'JUST A WORD' }],
    ['resetPayload', { resetKind: 'message' as const, resetPayload: '{ no json' }],
    ['resetPayload', { resetKind: 'message' as const, resetPayload: '' }],
    ['resetUrl', { resetKind: 'http' as const, resetUrl: 'http://elsewhere.example/reset' }],
    ['resetAcknowledge', { resetKind: 'stdin' as const, resetAcknowledge: '' }],
    ['width', { width: 3 }],
    ['cwd', { cwd: 'a\0b' }],
  ])('says that %s is wrong in %j', (field, change) => {
    const result = toRecipe({ ...demoDraft(), ...change });
    expect('faults' in result && result.faults.map((fault) => fault.field)).toContain(field);
  });
});
