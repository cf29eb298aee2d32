import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAtLeast, readLogLine } from './log-line.ts';
import { RotatingLog } from './rotating-log.ts';

it.each([
  ['{"level":"warn","msg":"slow"}', 'warn', '[control] warn: slow'],
  [
    '{"level":"warn","pid":7,"ms":900,"msg":"slow","why":"disk"}',
    'warn',
    '[control] warn: slow ms=900 why="disk"',
  ],
  [
    '{"level":50,"msg":"gone","err":{"message":"ECONNREFUSED"}}',
    'error',
    '[control] error: gone (ECONNREFUSED)',
  ],
  ['{"level":30}', 'info', '[control] info: '],
  ['TypeError: x is not a function', 'error', '[control] TypeError: x is not a function'],
  ['{"not":"a log line"}', 'error', '[control] {"not":"a log line"}'],
  ['{"level":', 'error', '[control] {"level":'],
])('reads %s', (line, level, text) => {
  expect(readLogLine('control', line)).toEqual({ level, text });
});

it('knows what is graver', () => {
  expect(isAtLeast('error', 'warn')).toBe(true);
  expect(isAtLeast('info', 'warn')).toBe(false);
});

it('keeps a log below its size, oldest lines first to go, whole lines only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backlot-log-'));
  try {
    const log = new RotatingLog(join(folder, 'a.log'), { maxBytes: 100, keep: 2 });
    for (let line = 0; line < 50; line += 1) log.write(`line ${line} 中文`);
    log.close();
    log.write('after the end');
    expect(readdirSync(folder).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
    const kept = ['a.log.2', 'a.log.1', 'a.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const text of kept) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100);
    const lines = kept.join('').trimEnd().split('\n');
    expect(lines.at(-1)).toBe('line 49 中文');
    expect(lines).toEqual(lines.map((_, index) => `line ${50 - lines.length + index} 中文`));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
