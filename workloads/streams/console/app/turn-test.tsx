import {
  ProblemNotice,
  StateBadge,
  transport,
  useFormat,
  useReason,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { TurnTestAnswer } from '../../contract/turn.ts';
import { paths } from '../queries.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

/** Long enough for every server to stay silent until its own limit. Milliseconds. */
const limitMs = 60_000;

/** Asks the control plane to try its TURN servers as a viewer's browser would, and says what it found. */
export function TurnTest() {
  const say = useTexts(appTexts);
  const sentence = useReason();
  const format = useFormat();
  const { can } = useSession();
  const test = useMutation({
    mutationFn: () =>
      transport().call('POST', paths.turnTest, TurnTestAnswer, { json: {}, timeoutMs: limitMs }),
  });
  if (!can('streams.operate')) return null;
  return (
    <>
      <div className={classes.buttons}>
        <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {say('turn.test')}
        </Button>
      </div>
      {test.error && <ProblemNotice error={test.error} />}
      {test.data && (
        <div role="status">
          {test.data.advice && <p>{sentence(test.data.advice)}</p>}
          {test.data.ok && <p>{say('turn.ok')}</p>}
          <ul className={classes.checks}>
            {test.data.checks.map((check) => (
              <li key={check.url}>
                <StateBadge state={check.ok ? 'ok' : 'failed'} tone={check.ok ? 'running' : 'failed'} />
                <code>{check.url}</code>
                <span>{sentence(check.sentence)}</span>
                <span className="dim nowrap">{format.duration(check.ms)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
