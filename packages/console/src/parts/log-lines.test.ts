import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendLog, emptyLog } from './log-lines.ts';

describe('log lines', () => {
  it('does not depend on how the text was cut', () => {
    const text = 'one\ntwo\r\nthree\n\nfive';
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 30 }), (cuts) => {
        let log = emptyLog;
        let at = 0;
        for (const cut of cuts) {
          log = appendLog(log, text.slice(at, at + cut));
          at += cut;
        }
        log = appendLog(log, text.slice(at));
        expect([...log.lines, log.rest]).toEqual(['one', 'two', 'three', '', 'five']);
      }),
    );
  });

  it('keeps only the last state of a progress line', () => {
    expect(appendLog(emptyLog, '10%\r50%\r100%\ndone\n').lines).toEqual(['100%', 'done']);
  });

  it('leaves out terminal colours', () => {
    expect(appendLog(emptyLog, '\u001b[31mred\u001b[0m text\n').lines).toEqual(['red text']);
  });

  it('lets go of the oldest lines and says how many', () => {
    const log = appendLog(emptyLog, 'a\nb\nc\nd\n', 3);
    expect(log).toEqual({ lines: ['b', 'c', 'd'], rest: '', dropped: 1 });
    expect(appendLog(log, 'e\n', 3).dropped).toBe(2);
  });
});
