import { describe, expect, it } from 'vitest';
import { mainFile, matchMissing, nameOfFile, relativeTo } from './model-file.ts';

describe('the model among files', () => {
  it.each([
    [['wood.png', 'chair.obj', 'chair.mtl'], 'chair.obj'],
    [['chair/chair.gltf', 'chair/chair.bin', 'chair/wood.png'], 'chair/chair.gltf'],
    [['b.glb', 'a.glb'], 'a.glb'],
    [['deep/down/a.glb', 'z.glb'], 'z.glb'],
    [['export.fbx', 'scene.blend'], 'scene.blend'],
    [['ALL.ZIP'], 'ALL.ZIP'],
    [['wood.png'], undefined],
    [[], undefined],
  ])('of %j is %j', (paths, main) => expect(mainFile(paths)).toBe(main));

  it('comes first, and its textures are named from its folder', () => {
    const files = ['set/wood.png', 'set/chair.gltf', 'other/readme.txt'].map((path) => ({ path }));
    expect(relativeTo(files, 'set/chair.gltf').map((file) => file.path)).toEqual([
      'chair.gltf',
      'wood.png',
      'other/readme.txt',
    ]);
  });

  it.each([
    ['crane_v2.glb', 'crane_v2'],
    ['a/b/chair.final.obj', 'chair.final'],
    ['.hidden', '.hidden'],
    ['noext', 'noext'],
  ])('%j gives the name %j', (path, name) => expect(nameOfFile(path)).toBe(name));
});

describe('missing files', () => {
  it('are found by path, then by name, whatever the case', () => {
    const chosen = ['textures/WOOD.PNG', 'x/metal.jpg', 'photo.jpg'].map((path) => ({ path }));
    const { matched, unused } = matchMissing(['textures/wood.png', 'metal.jpg', 'glass.png'], chosen);
    expect(Object.fromEntries([...matched].map(([wanted, file]) => [wanted, file.path]))).toEqual({
      'textures/wood.png': 'textures/WOOD.PNG',
      'metal.jpg': 'x/metal.jpg',
    });
    expect(unused.map((file) => file.path)).toEqual(['photo.jpg']);
  });

  it('take each file once, the exact one first', () => {
    const chosen = ['b/wood.png', 'a/wood.png'].map((path) => ({ path }));
    const { matched } = matchMissing(['a/wood.png', 'b/wood.png'], chosen);
    expect(matched.get('a/wood.png')?.path).toBe('a/wood.png');
    expect(matched.get('b/wood.png')?.path).toBe('b/wood.png');
  });
});
