import { defaultKeymap, indentLess, indentMore } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { Annotation, EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { TextRange } from './document.ts';

interface YamlEditorOptions {
  readonly label: string;
  readonly text: string;
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
  readonly onUndo: () => void;
  readonly onRedo: () => void;
  readonly onCursor: (offset: number) => void;
}

export interface YamlEditor {
  /** Takes over a text that was changed elsewhere; the cursor stays where it was in the words around it. */
  setText(text: string): void;
  setMarks(marks: readonly { readonly range: TextRange; readonly message: string }[]): void;
  /** Marks some lines, and brings them into sight. */
  show(range: { readonly from: number; readonly to: number } | undefined): void;
  close(): void;
}

const fromOutside = Annotation.define<true>();
const showRange = StateEffect.define<{ readonly from: number; readonly to: number } | undefined>();
const shownLine = Decoration.line({ class: 'cm-shown' });

const shownLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    let next = lines.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showRange)) continue;
      const { doc } = transaction.state;
      if (!effect.value) {
        next = Decoration.none;
        continue;
      }
      const first = doc.lineAt(Math.min(effect.value.from, doc.length)).number;
      const last = doc.lineAt(Math.min(Math.max(effect.value.from, effect.value.to - 1), doc.length)).number;
      next = Decoration.set(
        Array.from({ length: last - first + 1 }, (_, index) => shownLine.range(doc.line(first + index).from)),
      );
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** In the console's own colours, in both schemes: custom properties reach into the shadow tree. */
const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface-0)', color: 'var(--text)', fontSize: '12.5px' },
  '&.cm-focused': { outline: 'none', boxShadow: 'inset 0 0 0 1px var(--accent)' },
  '.cm-scroller': {
    fontFamily: 'var(--mantine-font-family-monospace)',
    lineHeight: '1.55',
    overflow: 'auto',
  },
  '.cm-gutters': {
    backgroundColor: 'var(--surface-0)',
    color: 'var(--text-faint)',
    border: '0',
    paddingRight: '4px',
  },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--accent-soft)',
  },
  '.cm-shown': { backgroundColor: 'var(--surface-2)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--surface-3)' },
  '.cm-lintRange-error': { backgroundImage: 'none', borderBottom: '2px solid var(--state-failed)' },
  '.cm-tooltip': {
    maxWidth: '340px',
    border: '1px solid var(--border-strong)',
    borderRadius: '4px',
    backgroundColor: 'var(--surface-1)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow-panel)',
  },
  '.cm-diagnostic': {
    padding: '6px 10px',
    borderLeft: '3px solid var(--state-failed)',
    fontFamily: 'inherit',
  },
  '.cm-lint-marker-error': {
    content: '""',
    width: '8px',
    height: '8px',
    borderRadius: '2px',
    backgroundColor: 'var(--state-failed)',
  },
  '.cm-gutter-lint': { width: '14px' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent-text)' },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--state-waiting-text)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-dim)' },
  { tag: tags.meta, color: 'var(--text-dim)' },
]);

/**
 * A YAML editor in `host`. It lives in a shadow tree, because only there its styles are constructed sheets: in the
 * document they would be a style element, which the console's policy refuses. Its history is the page's, so that
 * undo takes back what was done on the picture, too.
 */
export function createYamlEditor(host: HTMLElement, options: YamlEditorOptions): YamlEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  root.replaceChildren();
  const run = (act: () => void) => () => {
    act();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        drawSelection(),
        bracketMatching(),
        indentUnit.of('  '),
        yaml(),
        syntaxHighlighting(colours),
        look,
        shownLines,
        EditorState.readOnly.of(options.readOnly),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false' }),
        keymap.of([
          { key: 'Mod-z', run: run(options.onUndo), preventDefault: true },
          { key: 'Mod-Shift-z', run: run(options.onRedo), preventDefault: true },
          { key: 'Mod-y', run: run(options.onRedo), preventDefault: true },
          // Tab leaves the editor, as everywhere on the page; brackets indent.
          { key: 'Mod-]', run: indentMore },
          { key: 'Mod-[', run: indentLess },
          ...defaultKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          const own = update.transactions.every((one) => one.annotation(fromOutside) === undefined);
          if (update.docChanged && own) options.onChange(update.state.doc.toString());
          if (update.selectionSet && own && !update.docChanged)
            options.onCursor(update.state.selection.main.head);
        }),
      ],
    }),
  });
  return {
    setText(text) {
      const now = view.state.doc.toString();
      if (now === text) return;
      const [from, to, insert] = difference(now, text);
      view.dispatch({ changes: { from, to, insert }, annotations: fromOutside.of(true) });
    },
    setMarks(marks) {
      const { length } = view.state.doc;
      const diagnostics = marks.map(({ range, message }): Diagnostic => {
        const from = Math.min(range.from, length);
        return { from, to: Math.min(Math.max(range.to, from), length), message, severity: 'error' };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics), { annotations: fromOutside.of(true) });
    },
    show(range) {
      const at = range && Math.min(range.from, view.state.doc.length);
      view.dispatch({
        effects: [
          showRange.of(range),
          ...(at === undefined ? [] : [EditorView.scrollIntoView(at, { y: 'nearest', yMargin: 60 })]),
        ],
        annotations: fromOutside.of(true),
      });
    },
    close: () => view.destroy(),
  };
}

/** The part in which two texts differ, as one replacement: what is the same at both ends stays untouched. */
export function difference(
  before: string,
  after: string,
): readonly [from: number, to: number, insert: string] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [start, before.length - end, after.slice(start, after.length - end)];
}
