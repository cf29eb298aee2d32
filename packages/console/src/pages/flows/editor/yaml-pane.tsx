import { useMantineColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import { Placeholder } from '../../../parts/query-view.tsx';
import { flowTexts } from '../texts.ts';
import type { TextRange } from './document.ts';
import type { YamlEditor } from './yaml-editor.ts';
import classes from './yaml-pane.module.css';

export interface YamlMark {
  readonly range: TextRange;
  readonly message: string;
}

interface YamlPaneProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly onUndo: () => void;
  readonly onRedo: () => void;
  readonly marks: readonly YamlMark[];
  /** What stands out: the selected step. It is scrolled to when it changes. */
  readonly shown: TextRange | undefined;
  /** Called with the offset of the cursor, when the reader moves it. */
  readonly onCursor?: (offset: number) => void;
  readonly readOnly?: boolean;
}

/** The flow's text. The editor's code comes when it is first needed. */
export function YamlPane(props: YamlPaneProps) {
  const say = useTexts(flowTexts);
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<YamlEditor | null>(null);
  const handlers = useRef(props);
  handlers.current = props;
  const { text, marks, shown, readOnly = false } = props;
  const label = say('yaml.label');
  // Follows the scheme, because the editor stands in a tree of its own.
  useMantineColorScheme();

  useEffect(() => {
    let ended = false;
    let made: YamlEditor | undefined;
    void import('./yaml-editor.ts').then(({ createYamlEditor }) => {
      if (ended || !host.current) return;
      made = createYamlEditor(host.current, {
        label,
        text: handlers.current.text,
        readOnly,
        onChange: (next) => handlers.current.onChange(next),
        onUndo: () => handlers.current.onUndo(),
        onRedo: () => handlers.current.onRedo(),
        onCursor: (offset) => handlers.current.onCursor?.(offset),
      });
      setEditor(made);
    });
    return () => {
      ended = true;
      made?.close();
      setEditor(null);
    };
  }, [label, readOnly]);

  useEffect(() => editor?.setText(text), [editor, text]);
  useEffect(() => editor?.setMarks(marks), [editor, marks]);
  const from = shown?.from;
  const to = shown?.to;
  useEffect(
    () => editor?.show(from === undefined || to === undefined ? undefined : { from, to }),
    [editor, from, to],
  );

  return (
    <div className={classes.pane}>
      {!editor && <Placeholder rows={10} />}
      <div ref={host} className={classes.host} />
    </div>
  );
}
