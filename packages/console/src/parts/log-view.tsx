import { LogPage } from '@backlot/contract/api/jobs';
import { systemClock } from '@backlot/contract/clock';
import { Button, SegmentedControl, Switch } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { transport } from '../api/transport.ts';
import { useFormat } from '../format/index.ts';
import { useGlossary } from '../i18n/glossary.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import { appendLog, emptyLog, type LogLines } from './log-lines.ts';
import classes from './log-view.module.css';
import { ProblemNotice } from './problem-notice.tsx';

export const logTexts = defineTexts('parts-log', {
  follow: { en: 'Follow', 'zh-CN': '跟随' },
  stdout: { en: 'Output', 'zh-CN': '输出' },
  stderr: { en: 'Errors', 'zh-CN': '错误' },
  empty: { en: 'Nothing has been written yet.', 'zh-CN': '尚无输出。' },
  nothing: { en: 'Nothing was written.', 'zh-CN': '没有输出。' },
  log: { en: 'Log', 'zh-CN': '日志' },
  dropped: {
    en: {
      one: '{{shown}} earlier line is only in the download.',
      other: '{{shown}} earlier lines are only in the download.',
    },
    'zh-CN': '更早的 {{shown}} 行请下载查看。',
  },
});

type Stream = 'stdout' | 'stderr';
const lineHeight = 18;
const pollMs = 1_000;

interface LogViewProps {
  readonly allocationId: string;
  readonly height?: number;
}

/** The log of one allocation: live while it is written, selectable, with the whole of it as a download. */
export function LogView({ allocationId, height = 320 }: LogViewProps) {
  const say = useTexts(logTexts);
  const word = useGlossary();
  const format = useFormat();
  const [stream, setStream] = useState<Stream>('stdout');
  const [follow, setFollow] = useState(true);
  const { log, ended, error } = useLog(allocationId, stream);
  const viewport = useRef<HTMLDivElement>(null);
  const lines = log.rest === '' ? log.lines : [...log.lines, log.rest];
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => lineHeight,
    overscan: 30,
  });

  useEffect(() => {
    if (follow && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [follow, lines.length, virtualizer]);

  // Scrolling up is the reader's way to say "stop here"; scrolling to the end again goes on.
  const onScroll = () => {
    const element = viewport.current;
    if (!element) return;
    setFollow(element.scrollHeight - element.scrollTop - element.clientHeight < lineHeight * 2);
  };

  return (
    <div className={classes.log}>
      <div className={classes.tools}>
        <SegmentedControl
          aria-label={say('log')}
          value={stream}
          onChange={(value) => setStream(value === 'stderr' ? 'stderr' : 'stdout')}
          data={[
            { value: 'stdout', label: say('stdout') },
            { value: 'stderr', label: say('stderr') },
          ]}
        />
        <Switch
          label={say('follow')}
          checked={follow}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        <Button
          component="a"
          href={`/api/v1/allocations/${allocationId}/log?stream=${stream}&raw=1`}
          download
          variant="subtle"
          color="gray"
          leftSection={<IconDownload size={14} aria-hidden="true" />}
        >
          {word('do.download')}
        </Button>
      </div>
      {error !== null && <ProblemNotice error={error} inline />}
      {log.dropped > 0 && (
        <p className="dim">{say('dropped', { count: log.dropped, shown: format.number(log.dropped) })}</p>
      )}
      <section
        ref={viewport}
        className={classes.viewport}
        style={{ height }}
        onScroll={onScroll}
        aria-label={say('log')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1)
        tabIndex={0}
      >
        {lines.length === 0 && error === null && (
          <p className={classes.empty}>{say(ended ? 'nothing' : 'empty')}</p>
        )}
        <div className={classes.lines} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {lines[item.index]}
            </div>
          ))}
        </div>
      </section>
    </div>
  );
}

/** Reads a log from its beginning and goes on while it grows. */
function useLog(allocationId: string, stream: Stream): { log: LogLines; ended: boolean; error: unknown } {
  const [state, setState] = useState<{ log: LogLines; ended: boolean; error: unknown }>({
    log: emptyLog,
    ended: false,
    error: null,
  });
  useEffect(() => {
    const closed = new AbortController();
    setState({ log: emptyLog, ended: false, error: null });
    const read = async () => {
      let from = 0;
      while (!closed.signal.aborted) {
        try {
          const page = await transport().call('GET', `/api/v1/allocations/${allocationId}/log`, LogPage, {
            query: { stream, from, limit: 256 * 1024 },
            signal: closed.signal,
          });
          const grew = page.next > from;
          from = page.next;
          setState((before) => ({ log: appendLog(before.log, page.text), ended: page.ended, error: null }));
          if (page.ended && !grew) return;
          if (grew) continue;
        } catch (error) {
          if (closed.signal.aborted) return;
          setState((before) => ({ ...before, error }));
        }
        await systemClock.sleep(pollMs, closed.signal).catch(() => {});
      }
    };
    void read();
    return () => closed.abort();
  }, [allocationId, stream]);
  return state;
}
