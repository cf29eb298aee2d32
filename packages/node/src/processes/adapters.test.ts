import { describe, expect, it } from 'vitest';
import { parseCpuTime, parsePsLine } from './darwin.ts';
import { parseStat } from './linux.ts';
import { parseCimProcesses, trueParents } from './windows.ts';

describe('a line of /proc/<pid>/stat', () => {
  const tail = '10 20 30 0 -1 4194304 5 0 0 0 250 50 0 0 20 0 1 0 777 1000 3 18446744073709551615';

  it('is read field by field', () => {
    expect(parseStat(`42 (blender) S ${tail}`, 'boot')).toEqual({
      pid: 42,
      start: 'boot:777',
      parent: 10,
      group: 20,
      session: 30,
      state: 'running',
      command: 'blender',
      cpuMs: 3000,
      memory: 3 * 4096,
    });
  });

  it('is not fooled by a command made of parentheses, spaces and line feeds', () => {
    const entry = parseStat(`42 (a) R 1 (\n) T ${tail}`, 'boot');
    expect(entry).toMatchObject({ pid: 42, parent: 10, state: 'stopped', command: 'a) R 1 (\n' });
  });

  it.each([
    ['Z', 'zombie'],
    ['X', 'zombie'],
    ['T', 'stopped'],
    ['D', 'running'],
  ])('reads the state %s as %s', (letter, state) => {
    expect(parseStat(`42 (x) ${letter} ${tail}`, 'boot')?.state).toBe(state);
  });

  it('gives nothing when it is cut', () => {
    expect(parseStat('42 (x', 'boot')).toBeUndefined();
    expect(parseStat('42 (x) S 1 2', 'boot')).toBeUndefined();
    expect(parseStat('', 'boot')).toBeUndefined();
  });
});

describe('a line of ps on macOS', () => {
  it('is read column by column', () => {
    const line =
      '  501   500   501 Ss   1:02.50  20480 Sat Nov 21 01:20:33 2026     /Applications/Some App/bin/app';
    expect(parsePsLine(line)).toEqual({
      pid: 501,
      start: 'Sat Nov 21 01:20:33 2026',
      parent: 500,
      group: 501,
      session: 0,
      state: 'running',
      command: '/Applications/Some App/bin/app',
      cpuMs: 62_500,
      memory: 20_480 * 1024,
    });
  });

  it.each([
    ['0:00.01', 10],
    ['01:02:03', 3_723_000],
    ['2-01:00:00', 176_400_000],
  ])('reads the CPU time %s as %i ms', (text, ms) => expect(parseCpuTime(text)).toBe(ms));
});

describe('processes of Windows', () => {
  const cim = (pid: number, parent: number, start: number | null) => ({
    ProcessId: pid,
    ParentProcessId: parent,
    Name: 'a.exe',
    WorkingSetSize: 4096,
    KernelModeTime: 10_000,
    UserModeTime: 20_000,
    Start: start,
  });

  it('are read from an array, a single object, or nothing', () => {
    expect(parseCimProcesses(JSON.stringify([cim(1, 0, null), cim(2, 1, 5)]))).toHaveLength(2);
    expect(parseCimProcesses(JSON.stringify(cim(2, 1, 5)))).toMatchObject([{ pid: 2, start: '5', cpuMs: 3 }]);
    expect(parseCimProcesses('  ')).toEqual([]);
  });

  it('lose a parent that is younger than its child, because that is another process', () => {
    const entries = trueParents(
      parseCimProcesses(JSON.stringify([cim(10, 0, 900), cim(11, 10, 100), cim(12, 10, 950)])),
    );
    expect(entries.map(({ parent }) => parent)).toEqual([0, 0, 10]);
  });
});
