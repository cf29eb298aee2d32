import { describe, expect, it } from 'vitest';
import { readPageMessage, writePageMessage } from '../data-channel/messages.ts';
import { readCommand, readCommandText } from './commands.ts';
import { Scene } from './scene.ts';

const send = (scene: Scene, player: string, ...message: Parameters<typeof writePageMessage>) => {
  const read = readPageMessage(writePageMessage(...message));
  if (read) scene.take(player, read);
};

describe('what people do in the demo', () => {
  it('follows each pointer by itself, and what is held and clicked', () => {
    const scene = new Scene();
    send(scene, '1', 'MouseMove', [32_768, 16_384, 0, 0]);
    send(scene, '2', 'MouseDown', [0, 0, 49_152]);
    expect(scene.handOf('1')).toMatchObject({ pointer: { x: 0.5, y: 0.25 } });
    expect(scene.handOf('2').buttons).toEqual(new Set([0]));
    expect(scene.marks).toEqual([{ x: 0, y: 0.75 }]);
    send(scene, '2', 'MouseUp', [0, 0, 0]);
    expect(scene.handOf('2').buttons.size).toBe(0);
    scene.playerLeft('1');
    expect(scene.hands.length).toBe(1);
    expect(scene.inputs).toBe(3);
  });

  it('types, deletes, and keeps the end of what was typed', () => {
    const scene = new Scene();
    for (const letter of 'Hi!') send(scene, '1', 'KeyPress', [letter.charCodeAt(0)]);
    send(scene, '1', 'KeyDown', [8, 0]);
    expect(scene.typed).toBe('Hi');
    expect(scene.heldKeys).toEqual(new Set([8]));
    send(scene, '1', 'KeyUp', [8]);
    expect(scene.heldKeys.size).toBe(0);
    for (let i = 0; i < 100; i += 1) send(scene, '1', 'KeyPress', [97]);
    expect(scene.typed).toBe('a'.repeat(40));
  });

  it('follows fingers', () => {
    const scene = new Scene();
    scene.take('1', { type: 'TouchStart', values: [1], touches: [{ x: 0, y: 32_768, index: 3 }] });
    expect([...scene.handOf('1').touches]).toEqual([[3, { x: 0, y: 0.5 }]]);
    scene.take('1', { type: 'TouchEnd', values: [1], touches: [{ x: 0, y: 0, index: 3 }] });
    expect(scene.handOf('1').touches.size).toBe(0);
  });
});

describe('commands of the demo', () => {
  it.each([
    ['{"demo":"reset"}', { demo: 'reset' }],
    ['{"demo":"leak","megabytes":5}', { demo: 'leak', megabytes: 5 }],
    ['{"demo":"leak","megabytes":-5}', { demo: 'leak' }],
    ['{"demo":"exit","code":3,"more":1}', { demo: 'exit', code: 3 }],
    ['{"demo":"format"}', undefined],
    ['{"Resolution.Width":1}', undefined],
    ['"reset"', undefined],
    ['null', undefined],
    ['not json', undefined],
  ])('%s', (text, command) => {
    expect(readCommandText(text)).toEqual(command);
  });

  it('takes numbers as texts, as addresses give them', () => {
    expect(readCommand({ demo: 'leak', megabytes: '7' })).toEqual({ demo: 'leak', megabytes: 7 });
  });
});
