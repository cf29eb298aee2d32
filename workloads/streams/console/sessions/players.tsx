import {
  ConfirmInline,
  ProblemNotice,
  Section,
  StateBadge,
  transport,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import type { Player, SessionDetail } from '../../contract/api.ts';
import { paths } from '../queries.ts';
import { stateTexts } from '../shared/state-texts.ts';
import { useAct } from '../shared/use-act.ts';
import { streamTexts } from '../texts.ts';
import classes from './session-page.module.css';

/** Who is in the session, who is in control of it, and what an operator may do about that. */
export function Players({ session }: { readonly session: SessionDetail }) {
  const say = useTexts(streamTexts);
  return (
    <Section title={say('session.players')} aside={session.players.length}>
      <ul className={classes.players}>
        {session.players.map((player) => (
          <Row key={player.id} session={session} player={player} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ session, player }: { readonly session: SessionDetail; readonly player: Player }) {
  const say = useTexts(streamTexts);
  const sayState = useTexts(stateTexts);
  const { can } = useSession();
  const act = useAct();
  const name = player.subject || say('session.player', { id: player.id });
  const inControl = player.id === session.controller;
  const here = player.leftAt === null && session.endedAt === null;
  return (
    <li>
      <strong>{name}</strong>
      <span className="dim">{sayState(inControl ? 'role.controller' : 'role.viewer')}</span>
      {player.connected ? (
        <StateBadge state="running" label={say('session.connected')} />
      ) : (
        <StateBadge
          state={here ? 'waiting' : 'ended'}
          label={say(here ? 'session.broken' : 'session.gone')}
        />
      )}
      <span className={`dim ${classes.grow}`}>{player.address}</span>
      {here && can('streams.operate', session.projectId) && (
        <>
          {!inControl && player.connected && (
            <Button
              variant="subtle"
              loading={act.isPending}
              onClick={() =>
                act.mutate(() =>
                  transport().run('PUT', paths.control(session.id), { json: { playerId: player.id } }),
                )
              }
            >
              {say('session.control')}
            </Button>
          )}
          <ConfirmInline
            danger
            variant="subtle"
            label={say('session.kick')}
            question={say('session.kick.question', { name })}
            confirm={say('session.kick')}
            onConfirm={() =>
              act.mutateAsync(() => transport().run('POST', paths.kick(session.id, player.id), { json: {} }))
            }
          />
        </>
      )}
      {act.error && <ProblemNotice error={act.error} inline />}
    </li>
  );
}
