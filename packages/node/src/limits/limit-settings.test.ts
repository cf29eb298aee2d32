import { describe, expect, it } from 'vitest';
import type { ControlGroup } from './control-group.ts';
import { limitSettings } from './limit-settings.ts';

const group = (version: 1 | 2): ControlGroup => {
  const place = { version, path: '/g' } as const;
  return { name: 'g', memory: place, cpu: place, cpuTime: place, pids: place, freezer: place };
};
const written = (version: 1 | 2, request: Parameters<typeof limitSettings>[1]) =>
  limitSettings(group(version), request).map(({ file, value }) => `${file} ${value}`);

describe('limit settings', () => {
  it('are spelled for version 2', () => {
    expect(written(2, { memory: 1000, cpu: 1.5, cpuWeight: 20, pids: 64 })).toEqual([
      '/g/memory.max 1000',
      '/g/memory.swap.max 0',
      '/g/memory.oom.group 1',
      '/g/cpu.max 150000 100000',
      '/g/cpu.weight 20',
      '/g/pids.max 64',
    ]);
  });

  it('are spelled for version 1', () => {
    expect(written(1, { memory: 1000, cpu: 1.5, cpuWeight: 20, pids: 64 })).toEqual([
      '/g/memory.limit_in_bytes 1000',
      '/g/memory.swappiness 0',
      '/g/memory.memsw.limit_in_bytes 1000',
      '/g/cpu.cfs_period_us 100000',
      '/g/cpu.cfs_quota_us 150000',
      '/g/cpu.shares 205',
      '/g/pids.max 64',
    ]);
  });

  it('stay within what the kernel takes', () => {
    expect(written(1, { cpu: 0.000001, cpuWeight: 0.001 })).toContain('/g/cpu.cfs_quota_us 1000');
    expect(written(2, { cpuWeight: 1e9, pids: 0 })).toEqual(['/g/cpu.weight 10000', '/g/pids.max 1']);
  });

  it('are none for what is not asked or not there', () => {
    expect(written(2, {})).toEqual([]);
    expect(limitSettings({ name: 'none' }, { memory: 1, cpu: 1, cpuWeight: 1, pids: 1 })).toEqual([]);
  });
});
