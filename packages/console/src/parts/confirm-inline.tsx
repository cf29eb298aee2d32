import { Button } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useGlossary } from '../i18n/glossary.ts';
import classes from './confirm-inline.module.css';
import { ProblemNotice } from './problem-notice.tsx';

interface ConfirmInlineProps {
  /** The button that asks. */
  readonly label: string;
  readonly icon?: ReactNode;
  /** What will happen, as a question with the thing's name in it. */
  readonly question: ReactNode;
  /** The button that does it: a verb, never "OK". */
  readonly confirm: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onConfirm: () => Promise<unknown>;
  readonly variant?: 'default' | 'subtle';
}

/** Asks in place, without a dialog: the question stands where the click was, Escape takes it back. */
export function ConfirmInline(props: ConfirmInlineProps) {
  const {
    label,
    icon,
    question,
    confirm,
    danger = false,
    disabled = false,
    onConfirm,
    variant = 'default',
  } = props;
  const word = useGlossary();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    // The harmless answer has the focus: Enter by mistake changes nothing.
    if (asking) keep.current?.focus();
  }, [asking]);

  const close = () => {
    setAsking(false);
    setError(null);
    requestAnimationFrame(() => opener.current?.focus());
  };
  const act = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      setAsking(false);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };

  if (!asking) {
    return (
      <Button
        ref={opener}
        variant={variant}
        {...(danger ? { c: 'var(--state-failed-text)' } : {})}
        {...(icon ? { leftSection: icon } : {})}
        disabled={disabled}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
    );
  }
  return (
    <fieldset
      className={classes.question}
      aria-label={confirm}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      <div>{question}</div>
      <div className={classes.answers}>
        <Button {...(danger ? { color: 'red' } : {})} loading={busy} onClick={() => void act()}>
          {confirm}
        </Button>
        <Button ref={keep} variant="default" disabled={busy} onClick={close}>
          {word('do.back')}
        </Button>
      </div>
      {error !== null && <ProblemNotice error={error} inline />}
    </fieldset>
  );
}
