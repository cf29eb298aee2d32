import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import type { Curtain as CurtainState, PlayerState } from '../model/player-state.ts';
import { clockText, isTextKey, type TextKey, useWords } from '../texts.ts';
import { Button } from './button.tsx';
import classes from './curtain.module.css';
import { useClock } from './use-clock.ts';

export interface Look {
  readonly title: string;
  readonly logo: string | null;
}

interface CurtainProps {
  readonly curtain: CurtainState;
  readonly state: PlayerState;
  readonly look: Look;
  readonly onPlay: () => void;
  readonly onAgain: () => void;
}

/** What stands where the picture will be, or was: what goes on, for how long, and what one can do. */
export function Curtain({ curtain, state, look, onPlay, onAgain }: CurtainProps) {
  return (
    <div className={classes.curtain} data-kind={curtain.kind}>
      <div className={classes.brand}>
        {look.logo !== null && <img className={classes.logo} src={look.logo} alt="" />}
        <h1 className={classes.title}>{look.title}</h1>
      </div>
      <div className={classes.card} role="status" aria-live="polite">
        <Content curtain={curtain} state={state} onPlay={onPlay} onAgain={onAgain} />
      </div>
    </div>
  );
}

function Content({ curtain, state, onPlay, onAgain }: Omit<CurtainProps, 'look'>) {
  const { say } = useWords();
  switch (curtain.kind) {
    case 'connecting':
      return <Says title={say('connecting')} text={say('connecting.text')} moves />;
    case 'queued':
      return <Queue state={state} />;
    case 'starting':
      return <Start state={state} />;
    case 'click':
      return (
        <Says title={say('click')} text={say('click.text')}>
          <FocusedButton onClick={onPlay} icon={<IconPlayerPlayFilled size={16} aria-hidden="true" />}>
            {say('click.do')}
          </FocusedButton>
        </Says>
      );
    case 'reconnecting':
      return (
        <Says
          title={say('reconnecting')}
          text={say('reconnecting.text', { attempt: Math.max(1, curtain.attempt) })}
          moves
        />
      );
    case 'refused': {
      const words = wordsOf('refused', curtain.code);
      const text = words === undefined ? (state.refused?.message ?? '') : say(`${words}.text` as TextKey);
      return <Says title={say(words ?? 'connecting')} text={`${text} ${say('refused.again')}`} moves />;
    }
    case 'ended': {
      const words = wordsOf(curtain.reason, curtain.code);
      return (
        <Says
          title={say(words ?? 'end.error')}
          text={words === undefined ? (state.ended?.message ?? '') : say(`${words}.text` as TextKey)}
          tone={goodEnds.has(curtain.reason) ? undefined : 'failed'}
        >
          {!linkEnds.has(curtain.code) && <FocusedButton onClick={onAgain}>{say('end.again')}</FocusedButton>}
        </Says>
      );
    }
  }
}

/** Ends that nobody needs to worry about. */
const goodEnds: ReadonlySet<string> = new Set(['left', 'idle', 'limit', 'closed', 'ended', 'kicked']);
/** Where the same link can't work a second time, so that trying again is no advice. */
const linkEnds: ReadonlySet<string> = new Set([
  'app_unknown',
  'ticket_required',
  'ticket_invalid',
  'ticket_expired',
  'ticket_used',
  'ticket_foreign',
]);

function wordsOf(reason: string, code: string): TextKey | undefined {
  for (const key of [`code.${code}`, `end.${reason}`]) {
    if (isTextKey(key) && isTextKey(`${key}.text`)) return key;
  }
  return undefined;
}

interface SaysProps {
  readonly title: string;
  readonly text: string;
  readonly tone?: 'failed' | undefined;
  /** Something goes on that has no measure. */
  readonly moves?: boolean;
  readonly children?: ReactNode;
}

function Says({ title, text, tone, moves = false, children }: SaysProps) {
  return (
    <>
      <h2 className={classes.headline} data-tone={tone}>
        {title}
      </h2>
      <p className={classes.text}>{text}</p>
      {moves && <div className={classes.moving} aria-hidden="true" />}
      {children && <div className={classes.actions}>{children}</div>}
    </>
  );
}

function Queue({ state }: { readonly state: PlayerState }) {
  const { say } = useWords();
  const now = useClock();
  const { queue } = state;
  if (!queue) return null;
  const passed = Math.max(0, now - queue.at);
  return (
    <>
      <h2 className={classes.headline}>
        {queue.position === 1 ? say('queued.next') : say('queued', { position: queue.position })}
      </h2>
      <p className={classes.text}>{say('queued.text')}</p>
      <dl className={classes.figures}>
        <div>
          <dt>{say('queued.waited')}</dt>
          <dd aria-live="off">{clockText(queue.waitedMs + passed)}</dd>
        </div>
        <div>
          <dt>{say('queued.estimate')}</dt>
          <dd aria-live="off">
            {queue.estimateMs === null ? (
              <span className={classes.unknown}>{say('queued.unknown')}</span>
            ) : (
              `≈ ${clockText(Math.max(0, queue.estimateMs - passed))}`
            )}
          </dd>
        </div>
      </dl>
      <div className={classes.moving} aria-hidden="true" />
    </>
  );
}

const steps = ['placing', 'starting', 'connecting', 'picture'] as const;

function Start({ state }: { readonly state: PlayerState }) {
  const { say } = useWords();
  const now = useClock();
  const at = Math.max(0, steps.indexOf((state.step ?? 'placing') as (typeof steps)[number]));
  return (
    <>
      <h2 className={classes.headline}>{say('starting')}</h2>
      <ol className={classes.steps}>
        {steps.map((step, index) => (
          <li
            key={step}
            data-state={index < at ? 'done' : index === at ? 'now' : 'next'}
            aria-current={index === at ? 'step' : undefined}
          >
            {say(`step.${step}`)}
          </li>
        ))}
      </ol>
      <p className={classes.small} aria-live="off">
        {say('starting.elapsed', { time: clockText(now - state.startedAt) })}
      </p>
    </>
  );
}

/** The one thing to do here: Enter does it. */
function FocusedButton(props: Parameters<typeof Button>[0]) {
  const holder = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    holder.current?.querySelector('button')?.focus({ preventScroll: true });
  }, []);
  return (
    <span ref={holder}>
      <Button look="main" {...props} />
    </span>
  );
}
