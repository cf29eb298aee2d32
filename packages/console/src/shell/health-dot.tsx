import type { Health } from '@backlot/contract/api/overview';
import { Popover, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLiveStatus } from '../api/live.tsx';
import { healthQuery } from '../api/queries.ts';
import { useTexts } from '../i18n/texts.ts';
import { useReason } from '../parts/reason.tsx';
import { Ago } from '../parts/time.tsx';
import classes from './health-dot.module.css';
import { shellTexts } from './texts.ts';

type Status = Health['status'] | 'unreachable' | 'asking';
const isPart = (key: string): key is keyof typeof shellTexts.table & `part.${string}` =>
  key in shellTexts.table;

/** The dot in the top bar; a click says what is degraded, since when and why. */
export function HealthDot() {
  const say = useTexts(shellTexts);
  const sentence = useReason();
  const health = useQuery(healthQuery());
  const live = useLiveStatus();
  const status: Status = health.isError ? 'unreachable' : (health.data?.status ?? 'asking');
  const word = say(`health.${status}`);
  return (
    <Popover width={340} position="bottom-end" withinPortal>
      <Popover.Target>
        <UnstyledButton
          className={classes.button}
          aria-label={say('health.label', { status: word })}
          title={say('health.label', { status: word })}
        >
          <span className={classes.dot} data-status={status} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <p className={classes.summary} data-status={status}>
          {say('health.label', { status: word })}
        </p>
        <ul className={classes.parts}>
          <li>
            <span className={classes.dot} data-status={live.state === 'live' ? 'ok' : 'degraded'} />
            <div>
              <strong>{say('health.live')}</strong>
              <p className="dim">
                {say(live.state === 'live' ? 'health.liveOn' : 'health.liveOff')} ·{' '}
                <Ago at={new Date(live.since).toISOString()} />
              </p>
            </div>
          </li>
          {health.data?.parts.map((part) => {
            const key = `part.${part.name}`;
            return (
              <li key={part.name}>
                <span className={classes.dot} data-status={part.status} />
                <div>
                  <strong>{isPart(key) ? say(key) : part.name}</strong>
                  <p className="dim">
                    {part.status === 'ok'
                      ? say('health.ok')
                      : part.reason
                        ? sentence(part.reason)
                        : say(`health.${part.status}`)}
                    {' · '}
                    <Ago at={part.since} />
                  </p>
                </div>
              </li>
            );
          })}
        </ul>
        {health.data && (
          <p className={classes.version}>{say('health.version', { version: health.data.version })}</p>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
