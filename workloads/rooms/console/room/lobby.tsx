import { Section, transport, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Room } from '../../contract/room.ts';
import { lobbyQuery, roomPath } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import classes from './room-page.module.css';
import { useAct } from './use-act.tsx';

/** Who waits to come in; nothing while nobody does. */
export function Lobby({ room }: { readonly room: Room }) {
  const say = useTexts(roomTexts);
  const waiting = useQuery(lobbyQuery(room.id));
  const act = useAct(room.id);
  if (!waiting.data || waiting.data.length === 0) return null;
  const answer = (identity: string, what: 'admit' | 'deny') =>
    act.run(() =>
      transport().run('POST', `${roomPath(room.id)}/lobby/${encodeURIComponent(identity)}/${what}`, {
        json: {},
      }),
    );
  return (
    <Section title={say('room.lobby')} aside={waiting.data.length}>
      <ul className={classes.rows}>
        {waiting.data.map(({ identity, name }) => (
          <li key={identity} className={classes.row}>
            <span className={classes.grow}>{name || identity}</span>
            <Button size="compact-xs" onClick={() => answer(identity, 'admit')}>
              {say('lobby.admit')}
            </Button>
            <Button size="compact-xs" variant="default" onClick={() => answer(identity, 'deny')}>
              {say('lobby.deny')}
            </Button>
          </li>
        ))}
      </ul>
      {act.problem}
    </Section>
  );
}
