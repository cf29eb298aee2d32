import { LoginSession } from '@backlot/contract/api/access';
import { useQueryClient } from '@tanstack/react-query';
import { listQuery } from '../../api/queries.ts';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useTexts } from '../../i18n/texts.ts';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Ago } from '../../parts/time.tsx';
import classes from './settings.module.css';
import { settingsTexts } from './texts.ts';

/** Where this account is signed in, each with a way to end it. */
export function LoginSessions() {
  const say = useTexts(settingsTexts);
  const client = useQueryClient();
  const list = useList(listQuery('/api/v1/me/sessions', LoginSession, {}, ['login-session']));
  return (
    <ListView list={list} rows={2}>
      {(sessions) => (
        <ul className={classes.deliveries}>
          {sessions.map((session) => (
            <li key={session.id} className={classes.delivery}>
              <div className={classes.deliveryHead}>
                <span>
                  {browserOf(session.userAgent) ?? say('session.unknown')}
                  {session.current && <span className="dim"> · {say('session.this')}</span>}
                </span>
                <span className="dim">
                  {session.address} · {say('session.used')} <Ago at={session.lastUsedAt} />
                </span>
              </div>
              {!session.current && (
                <ConfirmInline
                  label={say('session.end')}
                  question={say('session.end.question')}
                  confirm={say('session.end')}
                  onConfirm={async () => {
                    await transport().run('DELETE', `/api/v1/me/sessions/${encodeURIComponent(session.id)}`);
                    await invalidateSubjects(client, new Set(['login-session']));
                  }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </ListView>
  );
}

/** The browser and the system out of a User-Agent header; only to tell devices apart. */
function browserOf(userAgent: string | null): string | undefined {
  if (userAgent === null) return undefined;
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\/(\d+)/.exec(userAgent);
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1];
  if (!browser) return userAgent.slice(0, 60);
  return [`${browser[1]} ${browser[2]}`, system].filter((part) => part !== undefined).join(', ');
}
