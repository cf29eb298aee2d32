import { describe, expect, it } from 'vitest';
import { readDemoArguments } from './options.ts';

const url = 'ws://127.0.0.1:8080/signal/streamer/t.i.c';

describe('the command line of the demo application', () => {
  it.each([
    [['--url', url], { url, id: 'demo', width: 1_280, height: 720, fps: 30, port: undefined, tone: false }],
    [
      ['--url', url, '--id=a b', '--width', '640', '--height', '360', '--fps', '10', '--port', '0', '--tone'],
      { id: 'a b', width: 640, height: 360, fps: 10, port: 0, tone: true },
    ],
    [
      [
        `-PixelStreamingSignallingURL=${url}`,
        '-PixelStreamingID=UE',
        '-ResX=800',
        '-ResY=600',
        '-RenderOffScreen',
      ],
      { url, id: 'UE', width: 800, height: 600 },
    ],
  ])('%j', (argv, expected) => {
    expect(readDemoArguments(argv)).toMatchObject({ ok: true, options: expected });
  });

  it.each([
    [[], /--url/],
    [['--url', 'http://x'], /--url/],
    [['--url', url, '--width', 'wide'], /--width/],
    [['--url', url, '--fps', '0'], /--fps/],
    [['--url'], /needs a value/],
    [['--url', url, '--nonsense'], /--nonsense/],
    [['--url', url, 'nonsense'], /nonsense/],
  ])('refuses %j in words', (argv, words) => {
    const read = readDemoArguments(argv);
    expect(read).toMatchObject({ ok: false, help: false });
    expect(!read.ok && read.message).toMatch(words);
  });
});
