import {
  AsMenu,
  Bytes,
  type Column,
  ConfirmInline,
  DataTable,
  Facts,
  Link,
  listQuery,
  Page,
  QueryView,
  Section,
  transport,
  useFormat,
  useList,
  useParam,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import type { NodeView } from '@backlot/contract/api/nodes';
import { NodeView as NodeSchema } from '@backlot/contract/api/nodes';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Broadcast, Timeline } from '../../contract/broadcast.ts';
import { CHAT_SUBTITLES_KIND, FILM_CHAT_KIND } from '../../contract/chat.ts';
import { FILM_KIND, type Gap } from '../../contract/segment.ts';
import { broadcastPath, contentPath, timelineQuery } from '../queries.ts';
import { copyOf, shownBroadcastState } from '../shared/shown-state.ts';
import { BroadcastBadge } from '../shared/states.tsx';
import { useAct } from '../shared/use-act.tsx';
import { broadcastTexts, recordingTexts } from '../texts.ts';
import classes from './broadcast-page.module.css';
import { useWallClock } from './clock.ts';
import { Film } from './film.tsx';
import { around, type Range } from './ranges.ts';
import { TakeTimeline } from './take-timeline.tsx';

/** One broadcast: when what was recorded by whom, what is missing, and what has been made of it. */
export default function BroadcastPage() {
  const id = useParam('id');
  const say = useTexts(broadcastTexts);
  const timeline = useQuery(timelineQuery(id));
  const broadcast = timeline.data?.broadcast;
  return (
    <Page
      title={broadcast ? (broadcast.title ?? broadcast.channelName) : say('title')}
      aside={broadcast && <BroadcastBadge broadcast={broadcast} />}
      actions={
        <>
          {timeline.data && <Actions timeline={timeline.data} />}
          <AsMenu apiPath={broadcastPath(id)} />
        </>
      }
    >
      <QueryView query={timeline} rows={8}>
        {(data) => <Content timeline={data} />}
      </QueryView>
    </Page>
  );
}

function Actions({ timeline: { broadcast } }: { readonly timeline: Timeline }) {
  const say = useTexts(broadcastTexts);
  const { can } = useSession();
  const act = useAct();
  if (!can('recordings.delete', broadcast.projectId)) return null;
  const path = broadcastPath(broadcast.id);
  if (broadcast.state === 'removed') {
    // What is gone for good can't be taken back.
    if (broadcast.restorableUntil === null) return null;
    return (
      <>
        <Button
          variant="default"
          loading={act.busy}
          onClick={() => act.run(() => transport().run('POST', `${path}/restore`, { json: {} }))}
        >
          {say('restore')}
        </Button>
        {act.problem}
      </>
    );
  }
  if (broadcast.state === 'live') return null;
  return (
    <ConfirmInline
      danger
      label={say('trash')}
      question={say('trash.ask')}
      confirm={say('trash')}
      onConfirm={() => act.whole(() => transport().run('DELETE', path))}
    />
  );
}

function Content({ timeline }: { readonly timeline: Timeline }) {
  const say = useTexts(broadcastTexts);
  const words = useTexts(recordingTexts);
  const format = useFormat();
  const nodeName = useNodeNames();
  const whyText = useWhy();
  const { broadcast, gaps, files } = timeline;
  const all = useMemo(() => wholeOf(timeline), [timeline]);
  const [chosen, setChosen] = useState<Range>();
  const window = chosen ?? all;
  return (
    <>
      <Facts
        items={[
          [
            say('fact.channel'),
            <Link key="channel" to={`/recordings/channels/${broadcast.channelId}`}>
              {broadcast.channelName}
            </Link>,
          ],
          [say('col.began'), format.moment(broadcast.startedAt)],
          [say('col.length'), format.duration(broadcast.durationMs)],
          [say('col.size'), <Bytes key="size" value={broadcast.bytes} />],
          [
            say('fact.resolution'),
            broadcast.width > 0
              ? `${broadcast.width}×${broadcast.height} · ${broadcast.codecs.join(', ')}`
              : broadcast.codecs.join(', ') || '–',
          ],
          [say('col.copy'), say(copyOf(broadcast))],
          ...(broadcast.restorableUntil === null
            ? []
            : [[say('fact.trash'), format.moment(broadcast.restorableUntil)] as const]),
          [
            say('flow.run'),
            broadcast.flowRunId === null ? (
              say('flow.none')
            ) : (
              <Link key="run" to={`/flows/runs/${broadcast.flowRunId}`}>
                …{broadcast.flowRunId.slice(-8)}
              </Link>
            ),
          ],
        ]}
      />
      <Film files={files} />
      <Section
        title={say('timeline.title')}
        aside={
          timeline.segments.length < broadcast.segments && shownBroadcastState(broadcast) !== 'removed'
            ? words('fact.segments.left', { left: timeline.segments.length, count: broadcast.segments })
            : words('fact.segments', { count: broadcast.segments })
        }
      >
        <TakeTimeline
          timeline={timeline}
          all={all}
          window={window}
          onWindow={(next) => setChosen(next.from === all.from && next.to === all.to ? undefined : next)}
          nodeName={nodeName}
          whyText={whyText}
        />
      </Section>
      <Section
        title={say('holes.title')}
        aside={
          gaps.length > 0 && say('holes.sum', { count: gaps.length, loss: format.duration(broadcast.lossMs) })
        }
      >
        {gaps.length === 0 ? (
          <p className="dim">{say('holes.none')}</p>
        ) : (
          <HoleTable
            gaps={gaps}
            whyText={whyText}
            onOpen={(gap) => setChosen(around({ from: gap.fromWall, to: gap.toWall }, all))}
          />
        )}
      </Section>
      <Section title={say('files.title')}>
        {files.length === 0 ? (
          <p className="dim">{say(noFilesOf(broadcast))}</p>
        ) : (
          <ul className={classes.files}>
            {files.map((file) => (
              <li key={file.id}>
                <a href={`${contentPath(file.id)}?download=1`} download={file.name}>
                  {file.name}
                </a>
                <FileKind kind={file.kind} />
                <span className="dim">
                  <Bytes value={file.size} />
                </span>
                <span className="dim">
                  {file.stored
                    ? say('segments.stored')
                    : say('segments.at', { nodes: file.holders.map(nodeName).join(', ') })}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}

/** Why there are no files: what was thrown away is not to come by itself. */
function noFilesOf(broadcast: Broadcast) {
  const state = shownBroadcastState(broadcast);
  return state === 'removed' ? 'files.trash' : state === 'gone' ? 'files.gone' : 'files.none';
}

/** What a file is, in words, where this page knows its kind; its name has already said so to those who know formats. */
function FileKind({ kind }: { readonly kind: string }) {
  const say = useTexts(broadcastTexts);
  const known = fileKinds[kind];
  return known === undefined ? null : <span className="dim">{say(known)}</span>;
}

const fileKinds: Readonly<Record<string, 'file.film' | 'file.chat' | 'file.subtitles'>> = {
  [FILM_KIND]: 'file.film',
  [FILM_CHAT_KIND]: 'file.chat',
  [CHAT_SUBTITLES_KIND]: 'file.subtitles',
};

interface HoleTableProps {
  readonly gaps: readonly Gap[];
  readonly whyText: (why: string) => string;
  readonly onOpen: (gap: Gap) => void;
}

function HoleTable({ gaps, whyText, onOpen }: HoleTableProps) {
  const say = useTexts(broadcastTexts);
  const format = useFormat();
  const clock = useWallClock();
  const columns = useMemo(
    (): readonly Column<Gap>[] => [
      {
        key: 'from',
        header: say('hole.from'),
        width: '130px',
        phone: 'title',
        cell: (gap) => clock(gap.fromWall),
      },
      { key: 'to', header: say('hole.to'), width: '130px', phone: 'meta', cell: (gap) => clock(gap.toWall) },
      {
        key: 'ms',
        header: say('hole.ms'),
        width: '110px',
        align: 'end',
        phone: 'end',
        cell: (gap) => `${format.number(gap.ms)} ms`,
      },
      {
        key: 'why',
        header: say('hole.why'),
        width: 'minmax(160px, 2fr)',
        phone: 'meta',
        cell: (gap) => (
          <>
            {whyText(gap.why)}
            {gap.what !== undefined && <span className="dim"> · {gap.what}</span>}
          </>
        ),
      },
    ],
    [say, format, clock, whyText],
  );
  return (
    <DataTable
      label={say('holes.title')}
      columns={columns}
      rows={gaps}
      rowKey={(gap) => `${gap.fromWall} ${gap.why}`}
      onOpen={onOpen}
      maxHeight={260}
    />
  );
}

const whys = [
  'reconnect',
  'source',
  'missing',
  'jump',
  'disk',
  'restart',
  'silence',
  'finished',
  'stopped',
  'canceled',
] as const;

/** Reasons in words; one that this page does not know yet is shown as it is. */
function useWhy(): (why: string) => string {
  const say = useTexts(broadcastTexts);
  return useMemo(
    () => (why: string) => {
      const known = whys.find((one) => one === why);
      return known === undefined ? why : say(`why.${known}`);
    },
    [say],
  );
}

function useNodeNames(): (id: string) => string {
  const nodes = useList(listQuery('/api/v1/nodes', NodeSchema, {}, ['node']));
  return useMemo(() => {
    const names = new Map((nodes.items ?? []).map((node: NodeView) => [node.id, node.name]));
    return (id: string) => names.get(id) ?? id.slice(-8);
  }, [nodes.items]);
}

/** From the first to the last that is known of a broadcast. */
function wholeOf({ broadcast, segments, gaps }: Timeline): Range {
  const begin = Date.parse(broadcast.startedAt);
  const end = broadcast.endedAt === null ? begin + broadcast.durationMs : Date.parse(broadcast.endedAt);
  let from = segments.length > 0 ? Number.POSITIVE_INFINITY : begin;
  let to = segments.length > 0 ? Number.NEGATIVE_INFINITY : Math.max(end, begin + 1_000);
  for (const segment of segments) {
    from = Math.min(from, segment.firstWall);
    to = Math.max(to, segment.lastWall);
  }
  for (const gap of gaps) {
    from = Math.min(from, gap.fromWall);
    to = Math.max(to, gap.toWall);
  }
  return { from, to };
}
