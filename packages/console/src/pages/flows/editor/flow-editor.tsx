import { ActionIcon, Button, SegmentedControl } from '@mantine/core';
import { useDebouncedValue, useElementSize } from '@mantine/hooks';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconLayoutDistributeHorizontal,
  IconPlus,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ReactFlowProvider } from '@xyflow/react';
import { type KeyboardEvent, useCallback, useMemo, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { ProblemNotice } from '../../../parts/problem-notice.tsx';
import { FlowCanvas, placesOf } from '../canvas/flow-canvas.tsx';
import { checkQuery } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import type { CatalogueView } from './catalogue.ts';
import { CheckLine } from './check-line.tsx';
import {
  addStep,
  connect,
  disconnect,
  freeStepId,
  moveNodes,
  type Position,
  removeSteps,
  TRIGGER,
} from './edits.ts';
import classes from './flow-editor.module.css';
import { graphOf, nodeSize, wiresBehind } from './graph.ts';
import { Inspector } from './inspector.tsx';
import { shownIssues } from './issues.ts';
import { layOut } from './layout.ts';
import { Palette } from './palette.tsx';
import type { FlowEditorState } from './use-flow-editor.ts';
import { YamlPane } from './yaml-pane.tsx';

interface FlowEditorProps {
  readonly editor: FlowEditorState;
  readonly catalogue: CatalogueView;
  readonly readOnly: boolean;
  readonly onSave: () => void;
}

const answerOf = ({ data, isError }: { readonly data: unknown; readonly isError: boolean }) =>
  isError ? 'failed' : data === undefined ? 'awaited' : 'given';

type Side = 'graph' | 'yaml' | 'form';
/** Pixels from which there is room for the picture, the settings and the text beside each other. */
const wide = 1_350;
const narrow = 720;

/** A flow as a picture and as its text, both live, with the settings of what is selected. */
export function FlowEditor({ editor, catalogue, readOnly, onSave }: FlowEditorProps) {
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const { ref, width } = useElementSize();
  const [selected, setSelected] = useState<string>();
  const [side, setSide] = useState<Side>('graph');
  const [adding, setAdding] = useState(false);
  const { read, drawn, apply } = editor;

  const graph = useMemo(() => graphOf(drawn.value, catalogue.steps, catalogue.triggers), [drawn, catalogue]);
  const [settled] = useDebouncedValue(editor.text, 350);
  const check = useQuery({ ...checkQuery(settled), enabled: read.faults.length === 0 });
  const issues = useMemo(
    () => shownIssues(read, check.data?.issues ?? [], language),
    [read, check.data, language],
  );
  const marks = useMemo(() => issues.map(({ range, sentence }) => ({ range, message: sentence })), [issues]);

  const faceOf = useCallback(
    (id: string) => {
      const node = graph.nodes.find((one) => one.id === id);
      const kind = node && (node.isTrigger ? catalogue.triggers : catalogue.steps).get(node.kind);
      const title = kind?.title[language] ?? node?.kind ?? id;
      const named = node?.name !== undefined;
      return {
        title: node?.name ?? title,
        subtitle: node?.isTrigger ? say('form.trigger') : named ? title : id,
        icon: kind?.icon,
        problems: issues.filter((issue) => issue.node === id).map((issue) => issue.sentence),
      };
    },
    [graph, catalogue, issues, language, say],
  );

  const index = useMemo(() => {
    const steps = (drawn.value as { steps?: unknown } | undefined)?.steps;
    return new Map(
      Array.isArray(steps) ? steps.map((step, at) => [(step as { id?: unknown } | null)?.id, at]) : [],
    );
  }, [drawn]);
  const shown = useMemo(() => {
    if (selected === undefined) return undefined;
    const path = selected === TRIGGER ? ['trigger'] : ['steps', index.get(selected) ?? -1];
    const first = read.rangeOf(path);
    return path[1] === -1 ? undefined : first;
  }, [selected, index, read]);

  const add = (kind: string, at?: Position) => {
    const ports = catalogue.steps.get(kind);
    if (!ports) return;
    const id = freeStepId(kind, new Set(graph.nodes.map((node) => node.id)));
    const behind = selected ?? graph.nodes.at(-1)?.id;
    const wires = behind === undefined || at ? [] : wiresBehind(graph, behind, id, ports);
    const before = graph.nodes.find((node) => node.id === behind);
    const place = before && placesOf(graph).get(before.id);
    // Behind the selected one, a little lower for each that follows it already.
    const followers = graph.edges.filter(({ wire }) => wire.from === behind).length;
    const spot = at ?? (place && { x: place.x + nodeSize.width + 72, y: place.y + followers * 120 });
    apply((text) =>
      wires.reduce((next, wire) => connect(next, wire, true), addStep(text, { id, kind }, spot)),
    );
    setSelected(id);
    setSide('form');
    if (width < narrow) setAdding(false);
  };
  const tidy = () => {
    const lines = graph.edges.map(({ wire }) => ({ from: wire.from, to: wire.to }));
    const places = layOut(
      graph.nodes.map(({ id, width: w, height }) => ({ id, width: w, height })),
      lines,
    );
    apply((text) => moveNodes(text, Object.fromEntries(places)));
  };
  const isFiles = (to: string, into: string) =>
    graph.nodes.find((node) => node.id === to)?.inputs.find((port) => port.name === into)?.type === 'files';
  const open = useCallback((id: string) => {
    setSelected(id);
    setSide('form');
  }, []);
  const select = useCallback((id: string | undefined) => setSelected(id), []);

  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === 's') {
      event.preventDefault();
      onSave();
      return;
    }
    const { target } = event;
    // Fields take back their own letters.
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
    if (!mod || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if (key === 'z' && !event.shiftKey) editor.undo();
    else if (key === 'y' || key === 'z') editor.redo();
    else return;
    event.preventDefault();
  };

  const canvas = (
    <FlowCanvas
      label={say('canvas.label')}
      graph={graph}
      faceOf={faceOf}
      selected={selected}
      onSelect={select}
      onOpen={open}
      {...(readOnly
        ? {}
        : {
            onMove: (positions) => apply((text) => moveNodes(text, positions), 'move'),
            onConnect: (wire) =>
              apply((text) => connect(text, wire, wire.kind === 'value' && isFiles(wire.to, wire.into))),
            onDelete: (nodes, wires) => {
              apply((text) => removeSteps(wires.reduce(disconnect, text), new Set(nodes)));
              if (selected !== undefined && nodes.includes(selected)) setSelected(undefined);
            },
            onDropKind: add,
          })}
    />
  );
  const yaml = (
    <YamlPane
      text={editor.text}
      onChange={editor.type}
      onUndo={editor.undo}
      onRedo={editor.redo}
      marks={marks}
      shown={shown}
      readOnly={readOnly}
    />
  );
  const form = (
    <Inspector
      value={drawn.value}
      graph={graph}
      catalogue={catalogue}
      selected={selected}
      issues={issues}
      onEdit={apply}
      onSelect={setSelected}
      readOnly={readOnly || read.faults.length > 0}
    />
  );
  const isNarrow = width > 0 && width < narrow;
  const isWide = width >= wide;
  const current: Side = side === 'graph' && !isNarrow ? 'yaml' : side;

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts of the whole editor; each has a button, too
    <div ref={ref} className={classes.editor} onKeyDown={onKeyDown}>
      <div className={classes.bar}>
        {!readOnly && (
          <>
            <Button
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden="true" />}
              aria-expanded={adding}
              onClick={() => {
                setAdding(!adding);
                if (isNarrow) setSide('graph');
              }}
            >
              {say('add.step')}
            </Button>
            <ActionIcon
              aria-label={say('undo')}
              title={`${say('undo')} (Ctrl+Z)`}
              disabled={!editor.canUndo}
              onClick={editor.undo}
            >
              <IconArrowBackUp size={16} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon
              aria-label={say('redo')}
              title={`${say('redo')} (Ctrl+Y)`}
              disabled={!editor.canRedo}
              onClick={editor.redo}
            >
              <IconArrowForwardUp size={16} aria-hidden="true" />
            </ActionIcon>
            <ActionIcon aria-label={say('tidy')} title={say('tidy')} onClick={tidy}>
              <IconLayoutDistributeHorizontal size={16} aria-hidden="true" />
            </ActionIcon>
          </>
        )}
        <CheckLine issues={issues} answer={answerOf(check)} onSelect={open} />
        {!isWide && (
          <SegmentedControl
            className={classes.sides ?? ''}
            aria-label={say('view')}
            data={[
              ...(isNarrow ? [{ value: 'graph', label: say('view.graph') }] : []),
              { value: 'yaml', label: say('view.yaml') },
              { value: 'form', label: say('view.form') },
            ]}
            value={current}
            onChange={(next) => setSide(next === 'form' ? 'form' : next === 'graph' ? 'graph' : 'yaml')}
          />
        )}
      </div>
      {check.isError && <ProblemNotice error={check.error} inline />}
      {read.faults[0] && (
        <p className={classes.broken} role="alert">
          {say('yaml.broken', { line: read.faults[0].range.line, message: read.faults[0].problem[language] })}
        </p>
      )}
      <div className={classes.body}>
        {width > 0 && (!isNarrow || current === 'graph') && (
          <div className={classes.graph}>
            <ReactFlowProvider>{canvas}</ReactFlowProvider>
            {adding && !readOnly && (
              <Palette catalogue={catalogue} onAdd={add} onClose={() => setAdding(false)} />
            )}
          </div>
        )}
        {(isWide || current === 'form') && <div className={classes.side}>{form}</div>}
        {(isWide || current === 'yaml') && <div className={classes.side}>{yaml}</div>}
      </div>
    </div>
  );
}
