import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstanceParameters, type InstanceParametersInput, launchVariables } from '../../contract.ts';
import { launchValues, planLaunch } from './plan-launch.ts';
import { fillTemplate, type LaunchValues, substitute } from './variables.ts';

const values: LaunchValues = {
  signallingUrl: 'ws://127.0.0.1:8080/signal/streamer/a.b.c',
  instanceId: 'i-1',
  taskId: 't-1',
  ticket: 'a.b.c',
  gpu: '2',
  width: '1280',
  height: '720',
  fps: '30',
  port: '4711',
};

describe('variables of a launch', () => {
  it.each([
    ['-PixelStreamingURL={signallingUrl}', `-PixelStreamingURL=${values.signallingUrl}`],
    ['-ResX={width}', '-ResX=1280'],
    ['{width}x{height}@{fps}', '1280x720@30'],
    ['-graphicsadapter={gpu}', '-graphicsadapter=2'],
    ['{instanceId}/{taskId}/{ticket}/{port}', 'i-1/t-1/a.b.c/4711'],
    ['{{width}}', '{1280}'],
    ['{Width} {unknown} {} {toString} {__proto__} {constructor}', undefined],
    ['%7Bwidth%7D $width $(id) `id` ; rm -rf /', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(substitute(text, values)).toBe(expected ?? text);
  });

  it('are put in once: nothing that a value holds is looked at again', () => {
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries(launchVariables.map((name) => [name, fc.string()]))),
        fc.array(fc.oneof(fc.string(), fc.constantFrom(...launchVariables.map((name) => `{${name}}`)))),
        (record, parts) => {
          const hostile = { ...(record as LaunchValues), ticket: '{gpu}{signallingUrl}' };
          // Braces of the parts themselves could make new names at their seams.
          const clean = parts.map((part) =>
            /^\{[a-zA-Z]+\}$/.test(part) ? part : part.replace(/[{}]/g, ''),
          );
          const expected = clean.map((part) => {
            const name = launchVariables.find((variable) => part === `{${variable}}`);
            return name ? hostile[name] : part;
          });
          expect(substitute(clean.join(''), hostile)).toBe(expected.join(''));
        },
      ),
    );
  });

  it('never make one argument into two, or none', () => {
    const filled = fillTemplate(
      { argv: ['{ticket}', '', '{ticket} {ticket}', 'a'], env: { A: '{gpu}' }, cwd: '/apps/{instanceId}' },
      { ...values, ticket: 'two words; and "more"\n' },
    );
    expect(filled.argv.length).toBe(4);
    expect(filled.argv[0]).toBe('two words; and "more"\n');
    expect(filled).toMatchObject({ env: { A: '2' }, cwd: '/apps/i-1' });
  });
});

const base = {
  instanceId: '01930000-0000-7000-8000-000000000001',
  app: 'game',
  appId: '01930000-0000-7000-8000-000000000002',
  version: 3,
  launch: { argv: ['game', '{signallingUrl}'], env: {} },
  platforms: { windows: { argv: ['Game.exe'], env: {}, cwd: 'C:\\game' }, macos: null },
  picture: { width: 1_920, height: 1_080, fps: 60 },
  signallingBase: 'wss://host/signal/streamer/',
  reset: { kind: 'none' },
  secrets: { ticket: 'x.y.z', env: { KEY: 'k{width}' }, platformEnv: { windows: { A: 'b' } } },
} satisfies InstanceParametersInput;
const parameters = InstanceParameters.parse(base);
const offer = (gpus: { index: number; vram: number; encoderSessions: number }[]) => ({
  task: 'task-1',
  resources: { cpu: 1, memory: 1, disk: 0, packets: 0, gpus },
});

describe('the launch of an instance', () => {
  it('is the platform’s own, or the general one, or none', () => {
    const of = (platform: 'linux' | 'windows' | 'macos' | undefined) =>
      planLaunch(parameters, platform, launchValues(parameters, offer([]), 5_000));
    expect(of('linux')).toEqual({
      argv: ['game', 'wss://host/signal/streamer/x.y.z'],
      env: { KEY: 'k1920' },
    });
    expect(of('windows')).toEqual({ argv: ['Game.exe'], env: { A: 'b' }, cwd: 'C:\\game' });
    expect(of('macos')).toBeUndefined();
    expect(of(undefined)).toMatchObject({ argv: ['game', expect.anything()], env: { KEY: 'k1920' } });
  });

  it('names the granted GPU, and nothing where there is none', () => {
    expect(launchValues(parameters, offer([{ index: 3, vram: 1, encoderSessions: 1 }]), 1).gpu).toBe('3');
    expect(launchValues(parameters, offer([]), 1).gpu).toBe('');
  });
});
