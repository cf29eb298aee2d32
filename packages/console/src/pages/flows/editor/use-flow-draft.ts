import type { FlowDetail } from '@backlot/contract/flow/api';
import { useCallback, useEffect, useState } from 'react';
import { type Base, type Meanwhile, meanwhile } from './draft.ts';
import { type FlowEditorState, useFlowEditor } from './use-flow-editor.ts';

export interface FlowDraft {
  readonly editor: FlowEditorState;
  /** The version that the text was made from; the newest one unless somebody has saved another meanwhile. */
  readonly base: Base;
  readonly changed: boolean;
  /** Others have saved while there were changes. */
  readonly collides: boolean;
  /** This version is the one that the text stands for: it has just been saved from here. */
  readonly saved: (version: FlowDetail) => void;
  /** Drops the changes for the newest version. */
  readonly discard: () => void;
}

/** The text of a flow that somebody works on, while others may save versions of their own. Changes are never dropped unasked. */
export function useFlowDraft(newest: FlowDetail): FlowDraft {
  const [base, setBase] = useState<Base>(newest);
  const editor = useFlowEditor(newest.text);
  const state: Meanwhile = meanwhile(base, newest, editor.text);
  const { reset } = editor;
  const discard = useCallback(() => {
    setBase((before) => (newest.version < before.version ? before : newest));
    reset(newest.version < base.version ? base.text : newest.text);
  }, [newest, base, reset]);
  useEffect(() => {
    if (state === 'follow') discard();
  }, [state, discard]);
  return {
    editor,
    base,
    changed: editor.text !== base.text,
    collides: state === 'collision',
    saved: setBase,
    discard,
  };
}
