import { systemClock } from '@backlot/contract/clock';
import { useCallback, useMemo, useReducer, useRef } from 'react';
import { type FlowText, readFlowText } from './document.ts';
import { type History, record, redo, startHistory, undo } from './history.ts';

export interface FlowEditorState {
  readonly text: string;
  readonly read: FlowText;
  /** The newest text that could be read: what the picture is drawn from while the text is half-written. */
  readonly drawn: FlowText;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** A change from the text's side; typing goes on in one entry of the history. */
  readonly type: (text: string) => void;
  /** A change from the picture's side, as a function of the text that is there at that moment. */
  readonly apply: (edit: (text: string) => string, by?: string) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly reset: (text: string) => void;
}

type Action =
  | {
      readonly do: 'edit';
      readonly edit: (text: string) => string;
      readonly at: number;
      readonly by: string | undefined;
    }
  | { readonly do: 'undo' }
  | { readonly do: 'redo' }
  | { readonly do: 'reset'; readonly text: string };

function reduce(history: History, action: Action): History {
  switch (action.do) {
    case 'edit':
      return record(history, action.edit(history.text), action.at, action.by);
    case 'undo':
      return undo(history);
    case 'redo':
      return redo(history);
    case 'reset':
      return startHistory(action.text);
  }
}

/** One text, one history, for both sides of the editor. */
export function useFlowEditor(start: string): FlowEditorState {
  const [history, dispatch] = useReducer(reduce, start, startHistory);
  const { text } = history;
  const read = useMemo(() => readFlowText(text), [text]);
  const good = useRef(read);
  if (read.faults.length === 0) good.current = read;
  return {
    text,
    read,
    drawn: good.current,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    type: useCallback(
      (next) => dispatch({ do: 'edit', edit: () => next, at: systemClock.now(), by: 'text' }),
      [],
    ),
    apply: useCallback((edit, by) => dispatch({ do: 'edit', edit, at: systemClock.now(), by }), []),
    undo: useCallback(() => dispatch({ do: 'undo' }), []),
    redo: useCallback(() => dispatch({ do: 'redo' }), []),
    reset: useCallback((next) => dispatch({ do: 'reset', text: next }), []),
  };
}
