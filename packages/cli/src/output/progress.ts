import type { Clock } from '@backlot/contract/clock';
import type { Progress, ProgressOptions } from '../command.ts';
import { formatBytes, formatDuration, formatPercent } from './amounts.ts';
import { fitWidth, oneLine } from './columns.ts';

export interface ProgressScreen {
  write(text: string): void;
  readonly columns: number;
  /** A line can be painted over. Without it, a line is written now and then. */
  readonly live: boolean;
  readonly clock: Clock;
}

/** Between two lines where nothing can be painted over: often enough to see life, seldom enough for a log. */
const lineEveryMs = 10_000;
const paintEveryMs = 100;
const barWidth = 24;

/** One running display, on its own line of the terminal. */
export function startProgress(options: ProgressOptions, screen: ProgressScreen): Progress {
  const startedAt = screen.clock.monotonic();
  let done = 0;
  let total = options.total;
  let note = '';
  let ended = false;
  let lastAt = Number.NEGATIVE_INFINITY;
  if (!screen.live) screen.write(`${options.title} …\n`);

  return {
    update(state) {
      if (ended) return;
      done = state.done ?? done;
      total = state.total ?? total;
      note = state.note ?? note;
      const now = screen.clock.monotonic();
      if (now - lastAt < (screen.live ? paintEveryMs : lineEveryMs)) return;
      if (!screen.live && lastAt === Number.NEGATIVE_INFINITY) {
        lastAt = now;
        return;
      }
      lastAt = now;
      if (screen.live) screen.write(`\r\u001b[2K${fitWidth(text(now, true), screen.columns - 1)}`);
      else screen.write(`${text(now, false)}\n`);
    },
    succeed: (last) => end('✓', last),
    fail: (last) => end('✗', last),
  };

  function text(now: number, bar: boolean): string {
    const parts = [options.title];
    if (total !== undefined && total > 0) {
      const fraction = Math.min(1, done / total);
      if (bar) parts.push(`▕${'█'.repeat(Math.round(fraction * barWidth)).padEnd(barWidth, '·')}▏`);
      parts.push(formatPercent(fraction), `${amount(done)}/${amount(total)}`);
    } else if (done > 0) parts.push(amount(done));
    const seconds = (now - startedAt) / 1000;
    if (options.unit === 'bytes' && seconds > 1 && done > 0) parts.push(`${formatBytes(done / seconds)}/s`);
    if (note !== '') parts.push(oneLine(note));
    return parts.join('  ');
  }

  function amount(value: number): string {
    return options.unit === 'bytes' ? formatBytes(value) : String(Math.floor(value));
  }

  function end(mark: string, last: string | undefined): void {
    if (ended) return;
    ended = true;
    const took = formatDuration(screen.clock.monotonic() - startedAt);
    const rest = last === undefined || last === '' ? '' : `  ${oneLine(last)}`;
    screen.write(`${screen.live ? '\r\u001b[2K' : ''}${mark} ${options.title}  (${took})${rest}\n`);
  }
}
