import type { Clock } from '@backlot/contract/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes, formatDuration, formatPercent } from './amounts.ts';
import { displayWidth, fitWidth, formatTable, oneLine } from './columns.ts';
import { TerminalOutput } from './terminal-output.ts';

function sink(isTTY = false) {
  const written: string[] = [];
  return {
    written,
    isTTY,
    columns: 80,
    write: (text: string | Uint8Array) => void written.push(String(text)),
  };
}

function handClock(): Clock & { tick(ms: number): void } {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    after: () => () => undefined,
    sleep: () => Promise.resolve(),
    tick: (ms) => {
      now += ms;
    },
  };
}

describe('amounts', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [1024 ** 3 * 200, '200 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [850, '850 ms'],
    [12_340, '12.3 s'],
    [59_960, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [7_800_000, '2 h 10 min'],
    [273_600_000, '3 d 4 h'],
  ])('writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('never says 100 % before it is done', () => {
    expect(formatPercent(0.999)).toBe('99 %');
    expect(formatPercent(1)).toBe('100 %');
    expect(formatPercent(-1)).toBe('0 %');
  });

  it('says how long ago, and - for never', () => {
    expect(formatAge('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:42Z'))).toBe('42 s');
    expect(formatAge(null, 0)).toBe('-');
  });
});

describe('columns', () => {
  it('aligns wide characters by the cells that they take', () => {
    const lines = formatTable(
      ['名称', 'STATE'],
      [
        ['渲染节点', 'ready'],
        ['a', 'lost'],
      ],
    );
    expect(lines).toEqual(['名称      STATE', '渲染节点  ready', 'a         lost']);
  });

  it('lets no name break a line or steer the terminal', () => {
    const [, row] = formatTable(['A', 'B'], [['one\ntwo\u001b[2J', 'x\r\ny']]);
    expect(row).toBe('one two [2J  x y');
  });

  it('cuts to a width and says so, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 30 }),
        fc.integer({ min: 1, max: 20 }),
        (text, width) => {
          const cut = fitWidth(text, width);
          expect(displayWidth(cut)).toBeLessThanOrEqual(width);
          if (displayWidth(text) <= width) expect(cut).toBe(text);
        },
      ),
    );
    expect(oneLine(' a\u2028b ')).toBe('a b');
  });
});

describe('output', () => {
  it('keeps stdout for results: a pipe sees nothing else', () => {
    const stdout = sink();
    const stderr = sink();
    const out = new TerminalOutput({ json: false, stdout, stderr, env: {} });
    out.note('on the way');
    out.warn('careful');
    out.result({ a: 1 }, () => ['A', '1']);
    expect(stdout.written.join('')).toBe('A\n1\n');
    expect(stderr.written.join('')).toBe('on the way\n! careful\n');
  });

  it('writes one document with --json, and items line by line', () => {
    const stdout = sink();
    const stderr = sink(true);
    const out = new TerminalOutput({ json: true, stdout, stderr, env: {} });
    out.note('not for programs');
    out.progress({ title: 'x' }).succeed();
    out.result([{ a: 1 }], () => 'never');
    out.item({ b: 2 }, () => 'never');
    expect(JSON.parse(stdout.written[0] ?? '')).toEqual([{ a: 1 }]);
    expect(stdout.written[1]).toBe('{"b":2}\n');
    expect(stderr.written).toEqual([]);
    expect(out.interactive).toBe(false);
  });

  it('paints progress on a terminal, at most ten times a second', () => {
    const clock = handClock();
    const stderr = sink(true);
    const out = new TerminalOutput({ json: false, stdout: sink(), stderr, env: {}, clock });
    const progress = out.progress({ title: 'Uploading', total: 100, unit: 'bytes' });
    for (let done = 0; done <= 50; done += 1) {
      progress.update({ done });
      clock.tick(10);
    }
    expect(stderr.written).toHaveLength(6);
    expect(stderr.written.at(-1)).toBe(
      `\r\u001b[2KUploading  ▕${'█'.repeat(12)}${'·'.repeat(12)}▏  50 %  50 B/100 B`,
    );
    progress.succeed('done');
    progress.fail('never');
    expect(stderr.written.at(-1)).toBe('\r\u001b[2K✓ Uploading  (510 ms)  done\n');
  });

  it('writes a line now and then where nothing can be painted over', () => {
    const clock = handClock();
    const stderr = sink();
    const progress = new TerminalOutput({ json: false, stdout: sink(), stderr, env: {}, clock }).progress({
      title: 'Rendering',
      total: 60,
    });
    for (let done = 0; done < 60; done += 1) {
      progress.update({ done });
      clock.tick(1000);
    }
    progress.fail('frame 12 is black');
    expect(stderr.written[0]).toBe('Rendering …\n');
    expect(stderr.written).toHaveLength(7);
    expect(stderr.written.at(-1)).toBe('✗ Rendering  (1 min 00 s)  frame 12 is black\n');
  });
});
