import { expect, it } from 'vitest';
import { controlSettings } from '../config/control-settings.ts';
import { loadConfig } from '../config/load.ts';
import { controlConfig } from './control-config.ts';

function configOf(env: Record<string, string>) {
  const machine = { platform: 'linux', home: '/nowhere', isRoot: false, env } as const;
  return controlConfig(
    loadConfig(controlSettings(machine), { machine, kind: 'control', cwd: '/nowhere' }).values,
  );
}

it('gives the control plane its TURN servers with their secret', () => {
  expect(configOf({}).turn).toBeUndefined();
  expect(
    configOf({ BACKLOT_TURN_URLS: 'turn:a:3478, turns:a:5349', BACKLOT_TURN_SECRET: 'shared' }).turn,
  ).toEqual({ urls: ['turn:a:3478', 'turns:a:5349'], secret: 'shared' });
  expect(configOf({ BACKLOT_TURN_URLS: 'stun:a:3478' }).turn).toEqual({
    urls: ['stun:a:3478'],
    secret: null,
  });
});

it('refuses TURN servers without their secret, before anybody has to find out', () => {
  expect(() => configOf({ BACKLOT_TURN_URLS: 'turn:a:3478' })).toThrow(/BACKLOT_TURN_SECRET/);
});

it('tells the control plane in milliseconds when runs of a lost node go on elsewhere', () => {
  expect(configOf({}).runsElsewhereAfterMs).toBe(1_800_000);
  expect(configOf({ BACKLOT_RUNS_ELSEWHERE_AFTER: '2h' }).runsElsewhereAfterMs).toBe(7_200_000);
});

it('leaves the open mode to whoever asked for it', () => {
  expect(configOf({}).openMode).toBeUndefined();
  expect(configOf({ BACKLOT_OPEN_MODE: 'on' }).openMode).toBe(true);
});
