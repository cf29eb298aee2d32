import {
  Ago,
  Bytes,
  Duration,
  Link,
  QueryView,
  Section,
  StateBadge,
  type Tone,
  transport,
  useReason,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlayerRecord } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Recording, RecordingState } from '../../contract/recording.ts';
import type { Room } from '../../contract/room.ts';
import { recordingsQuery, roomPath } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import classes from './room-page.module.css';
import { useAct } from './use-act.tsx';

const tones: Readonly<Record<RecordingState, Tone>> = {
  starting: 'waiting',
  recording: 'live',
  stopping: 'waiting',
  done: 'done',
  failed: 'failed',
};

/** What was and is recorded of a room, and how to begin and to end it. */
export function Recordings({ room, mayRecord }: { readonly room: Room; readonly mayRecord: boolean }) {
  const say = useTexts(roomTexts);
  const recordings = useQuery(recordingsQuery(room.id));
  const act = useAct(room.id);
  const path = `${roomPath(room.id)}/recordings`;
  return (
    <Section
      title={say('rec.title')}
      actions={
        mayRecord &&
        room.state === 'active' && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlayerRecord size={13} aria-hidden="true" />}
            onClick={() => act.run(() => transport().run('POST', path, { json: {} }))}
          >
            {say('rec.start')}
          </Button>
        )
      }
    >
      <QueryView query={recordings} rows={2}>
        {(list) =>
          list.length === 0 ? (
            <p className="dim">{say('rec.none')}</p>
          ) : (
            <ul className={classes.rows}>
              {list.map((recording) => (
                <RecordingRow
                  key={recording.id}
                  recording={recording}
                  onStop={
                    mayRecord && (recording.state === 'recording' || recording.state === 'starting')
                      ? () =>
                          act.run(() => transport().run('POST', `${path}/${recording.id}/stop`, { json: {} }))
                      : undefined
                  }
                />
              ))}
            </ul>
          )
        }
      </QueryView>
      {act.problem}
    </Section>
  );
}

function RecordingRow({
  recording,
  onStop,
}: {
  readonly recording: Recording;
  readonly onStop: (() => void) | undefined;
}) {
  const say = useTexts(roomTexts);
  const sentence = useReason();
  const size = recording.parts.reduce((sum, part) => sum + part.size, 0);
  return (
    <li className={classes.row}>
      <StateBadge
        state={recording.state}
        tone={tones[recording.state]}
        label={say(`rec.state.${recording.state}`)}
      />
      <span className={classes.grow}>
        <Link to={`/jobs/${recording.jobId}`}>{recording.name}</Link>
        {recording.failure && <span className="dim"> {sentence(recording.failure)}</span>}
      </span>
      <span className="dim">
        {say('rec.parts', { count: recording.parts.length })} · <Bytes value={size} />
      </span>
      <Duration from={recording.startedAt} to={recording.endedAt} />
      <span className="dim">
        <Ago at={recording.startedAt} />
      </span>
      {onStop && (
        <Button size="compact-xs" variant="default" onClick={onStop}>
          {say('rec.stop')}
        </Button>
      )}
    </li>
  );
}
