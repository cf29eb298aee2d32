import { Button } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useCallback, useEffect, useId, useRef } from 'react';
import { useGlossary } from '../i18n/glossary.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import classes from './leave-guard.module.css';

export const leaveTexts = defineTexts('parts-leave', {
  leave: { en: 'Leave without saving', 'zh-CN': '不保存并离开' },
});

interface LeaveGuardProps {
  /** Whether something would be lost now. */
  readonly active: boolean;
  /** What would be lost, as a question. */
  readonly question: string;
}

/**
 * Asks before a page is left while something on it is not saved: by a link, by “back”, by the palette. Another part of the
 * same page (its query) is not left. The tab’s own closing is asked about by the browser, in its own words.
 *
 * A dialog, although there are none elsewhere: the click may have been anywhere on the screen, and nothing may go on
 * before the answer.
 */
export function LeaveGuard({ active, question }: LeaveGuardProps) {
  const leaves = useCallback(
    ({ current, next }: { current: { pathname: string }; next: { pathname: string } }) =>
      current.pathname !== next.pathname,
    [],
  );
  const blocker = useBlocker({
    shouldBlockFn: leaves,
    enableBeforeUnload: active,
    disabled: !active,
    withResolver: true,
  });
  if (blocker.status !== 'blocked') return null;
  return <Question question={question} onStay={blocker.reset} onLeave={blocker.proceed} />;
}

interface QuestionProps {
  readonly question: string;
  readonly onStay: () => void;
  readonly onLeave: () => void;
}

function Question({ question, onStay, onLeave }: QuestionProps) {
  const say = useTexts(leaveTexts);
  const word = useGlossary();
  const dialog = useRef<HTMLDialogElement>(null);
  const stay = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
    // The harmless answer has the focus: Enter by mistake loses nothing.
    stay.current?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={classes.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onStay();
      }}
    >
      <p id={id}>{question}</p>
      <div className={classes.answers}>
        <Button color="red" onClick={onLeave}>
          {say('leave')}
        </Button>
        <Button ref={stay} variant="default" onClick={onStay}>
          {word('do.back')}
        </Button>
      </div>
    </dialog>
  );
}
