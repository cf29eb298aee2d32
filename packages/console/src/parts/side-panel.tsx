import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { createContext, type ReactNode, useContext, useEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { useGlossary } from '../i18n/glossary.ts';
import classes from './side-panel.module.css';

/** Where the shell puts side panels; null until it is drawn. */
export const SidePanelSlot = createContext<HTMLElement | null>(null);

interface SidePanelProps {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * Details of the selected thing beside the list, so that the list is never lost; on a phone it covers the page.
 * Escape closes it and the focus goes back to where it was.
 */
export function SidePanel({ title, actions, onClose, children }: SidePanelProps) {
  const slot = useContext(SidePanelSlot);
  const word = useGlossary();
  const heading = useRef<HTMLHeadingElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useEffect(() => {
    if (!slot) return;
    const before = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [slot]);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) close.current();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);

  if (!slot) return null;
  return createPortal(
    <aside className={classes.panel} aria-label={title}>
      <header className={classes.header}>
        <h2 ref={heading} tabIndex={-1} className={classes.title}>
          {title}
        </h2>
        {actions}
        <ActionIcon aria-label={word('do.close')} onClick={onClose}>
          <IconX size={16} aria-hidden="true" />
        </ActionIcon>
      </header>
      <div className={classes.body}>{children}</div>
    </aside>,
    slot,
  );
}
