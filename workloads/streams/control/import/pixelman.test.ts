import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importPixelman } from './pixelman.ts';
import { splitCommand } from './split-command.ts';

/** As pixelman's own documentation shows it, with its comments. */
const renderFile = `{
  "renderName": "",     // 节点名称
  "maxInstance": 2,  // 当前节点运行最大实例数量
  "renderServerHost": "127.0.0.1",
  "renderServerPort": 8866,
  "renderServerURL": null,
  "nvidiaSmiPath": "/usr/bin/nvidia-smi",
  "task": {
    "cwd": "/home/kelin/LinuxClient2", /* 运行虚幻实例所在的目录 */
    "exec": "sh ./MetaDemo.sh -RenderOffscreen -PixelStreamingURL=\\"ws://127.0.0.1:8888/?taskId={taskId}\\" -log={taskId}.txt",
  },
  "logLevel": "error",
  "peerConnectionOptions": {}
}`;
const manageFile = `{
  "enableFrontend": true,  // http://localhost/dashboard/
  "httpPort": 80,
  "streamerPort": 8888,
  "playerTimeout": 60,
  "preLunchInstance": 1,
  "renderServerPort": 8866,
  "peerConnectionOptions": { "iceServers": [] }
}`;
const codes = (notes: readonly { readonly code: string }[]) => notes.map(({ code }) => code);

describe('a render machine’s file of pixelman', () => {
  it('becomes arguments without any shell, with our address and its own task id', () => {
    const { kind, recipe, notes } = importPixelman(renderFile);
    expect(kind).toBe('render');
    expect(recipe?.launch).toEqual({
      argv: [
        'sh',
        './MetaDemo.sh',
        '-RenderOffscreen',
        '-PixelStreamingURL={signallingUrl}',
        '-log={taskId}.txt',
      ],
      cwd: '/home/kelin/LinuxClient2',
      env: {},
    });
    expect(recipe?.resources.perNode).toBe(2);
    expect(codes(notes)).toEqual([
      'streams.import.url',
      'streams.import.per_node',
      'streams.import.script',
      'streams.import.elsewhere',
    ]);
  });

  it('gets an address when it names none', () => {
    const { recipe, notes } = importPixelman({ task: { exec: 'C:\\UE\\App.exe -RenderOffscreen' } });
    expect(recipe?.launch.argv).toEqual([
      'C:\\UE\\App.exe',
      '-RenderOffscreen',
      '-PixelStreamingURL={signallingUrl}',
    ]);
    expect(codes(notes)).toContain('streams.import.url_added');
  });

  it.each([
    ['app > log.txt', '>'],
    ['app && other', '&'],
    ['app | tee log', '|'],
    ['app $(whoami)', '$'],
    ['app `whoami`', '`'],
    ['app "$(whoami)"', '$'],
    ['app "open', 'quote'],
    ['   ', 'empty'],
  ])('is refused when %s would need a shell', (exec, said) => {
    expect(() => importPixelman({ task: { exec } })).toThrow(said);
  });
});

describe('a manager’s file of pixelman', () => {
  it('becomes the time to come back and the warm pool', () => {
    const { kind, recipe, settings, notes } = importPixelman(manageFile);
    expect(kind).toBe('manage');
    expect(recipe).toBeNull();
    expect(settings).toMatchObject({ warm: 1, limits: { disconnectSeconds: 60 } });
    expect(codes(notes)).toEqual([
      'streams.import.disconnect',
      'streams.import.warm',
      'streams.import.peer_options',
      'streams.import.elsewhere',
    ]);
  });
});

describe('anything else', () => {
  it.each(['', '{', '[]', '"text"', '{}', '{"task": {}}', '{"task": 3}', '{"playerTimeout": "long"}'])(
    '%s is refused with a sentence',
    (text) => {
      expect(() => importPixelman(text)).toThrow(expect.objectContaining({ code: 'import_unreadable' }));
    },
  );

  it('never ends in anything but an answer or that refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.record({ task: fc.record({ exec: fc.string() }) })),
        (value) => {
          try {
            importPixelman(value as string);
          } catch (error) {
            expect(error).toMatchObject({ code: 'import_unreadable' });
          }
        },
      ),
    );
  });
});

describe('words of a command', () => {
  it.each([
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a="b c"d`, ['a=b cd']],
    [`a ''`, ['a', '']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    [String.raw`C:\Games\App.exe -x=C:\y`, [String.raw`C:\Games\App.exe`, String.raw`-x=C:\y`]],
    ['  a\tb\n', ['a', 'b']],
    ['{taskId} $HOME', ['{taskId}', '$HOME']],
  ])('%s', (line, words) => {
    expect(splitCommand(line)).toEqual(words);
  });

  it('come back as they were when each is quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
        expect(splitCommand(line)).toEqual(words);
      }),
    );
  });
});
