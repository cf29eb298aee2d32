import { ActionIcon, TextInput } from '@mantine/core';
import { IconSearch, IconX } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { dragType } from '../canvas/flow-canvas.tsx';
import { StepIcon } from '../canvas/step-icon.tsx';
import { flowTexts } from '../texts.ts';
import { type CatalogueView, findKinds } from './catalogue.ts';
import classes from './palette.module.css';

interface PaletteProps {
  readonly catalogue: CatalogueView;
  readonly onAdd: (kind: string) => void;
  readonly onClose: () => void;
}

/** Every kind of step there is: dragged onto the picture, or put behind the selected step by Enter. */
export function Palette({ catalogue, onAdd, onClose }: PaletteProps) {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  const { language } = useLanguage();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const groups = findKinds(catalogue, text, language);
  const [first] = groups.flatMap(({ kinds }) => kinds);

  useEffect(() => field.current?.focus({ preventScroll: true }), []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      event.preventDefault();
      onClose();
      return;
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const items = [...(list.current?.querySelectorAll('button') ?? [])];
    const { activeElement } = document;
    const now = activeElement instanceof HTMLButtonElement ? items.indexOf(activeElement) : -1;
    const next = items[now + (event.key === 'ArrowDown' ? 1 : -1)];
    event.preventDefault();
    if (next) next.focus();
    else if (event.key === 'ArrowUp') field.current?.focus();
  };

  return (
    <div className={classes.palette} role="dialog" aria-label={say('add.step')} onKeyDown={onKeyDown}>
      <div className={classes.head}>
        <TextInput
          ref={field}
          className={classes.search}
          aria-label={say('add.search')}
          placeholder={say('add.search')}
          leftSection={<IconSearch size={14} aria-hidden="true" />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && first) onAdd(first.kind);
          }}
        />
        <ActionIcon aria-label={word('do.close')} onClick={onClose}>
          <IconX size={15} aria-hidden="true" />
        </ActionIcon>
      </div>
      <p className={classes.hint}>{say('add.hint')}</p>
      <div ref={list} className={classes.list}>
        {groups.length === 0 && <p className={classes.hint}>{say('add.none')}</p>}
        {groups.map(({ area, kinds }) => (
          <section key={area} aria-label={say(`add.area.${area}`)}>
            <h3 className={classes.area}>{say(`add.area.${area}`)}</h3>
            {kinds.map((kind) => (
              <button
                key={kind.kind}
                type="button"
                className={classes.item}
                draggable
                title={kind.summary[language]}
                onDragStart={(event) => {
                  event.dataTransfer.setData(dragType, kind.kind);
                  event.dataTransfer.effectAllowed = 'copy';
                }}
                onClick={() => onAdd(kind.kind)}
              >
                <StepIcon kind={kind.kind} icon={kind.icon} />
                <span>{kind.title[language]}</span>
              </button>
            ))}
          </section>
        ))}
      </div>
    </div>
  );
}
