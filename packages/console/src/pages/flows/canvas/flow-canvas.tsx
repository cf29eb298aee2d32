import '@xyflow/react/dist/base.css';
import {
  applyEdgeChanges,
  applyNodeChanges,
  Background,
  type Connection,
  Controls,
  type Edge,
  type EdgeChange,
  MarkerType,
  MiniMap,
  type NodeChange,
  ReactFlow,
  useReactFlow,
} from '@xyflow/react';
import { type DragEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import type { Position, Wire } from '../editor/edits.ts';
import { type FlowGraph, type GraphEdge, nodeSize } from '../editor/graph.ts';
import { placeMissing } from '../editor/layout.ts';
import { flowTexts } from '../texts.ts';
import classes from './flow-canvas.module.css';
import { handlesOf, wireBetween } from './ports.ts';
import { type StepFace, StepNode, type StepNodeType } from './step-node.tsx';

type WireEdge = Edge<{ wire: Wire }>;
const nodeTypes = { step: StepNode };

/** What the palette drags: the kind of a new step. */
export const dragType = 'application/x-backlot-step';

export interface FlowCanvasProps {
  readonly label: string;
  readonly graph: FlowGraph;
  /** What a node shows besides its ports. */
  readonly faceOf: (id: string) => StepFace;
  readonly selected: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
  /** Opens what there is to say about a node: by Enter or a double click. */
  readonly onOpen?: (id: string) => void;
  readonly onMove?: (positions: Readonly<Record<string, Position>>) => void;
  readonly onConnect?: (wire: Wire) => void;
  readonly onDelete?: (nodes: readonly string[], wires: readonly Wire[]) => void;
  readonly onDropKind?: (kind: string, at: Position) => void;
  /** Wires that were taken or are being taken, in a run. */
  readonly taken?: ReadonlySet<string>;
  readonly children?: ReactNode;
}

/**
 * A flow as a picture. It is drawn from the text and writes into the text; of its own it has only what moves under
 * the pointer until it is let go. Without `onConnect` it is for looking only.
 */
export function FlowCanvas(props: FlowCanvasProps) {
  const { graph, faceOf, selected, onSelect, onOpen, onMove, onConnect, onDelete, onDropKind, taken } = props;
  const say = useTexts(flowTexts);
  const { screenToFlowPosition, setViewport, getViewport, setCenter } = useReactFlow();
  const readOnly = onConnect === undefined;
  const places = useMemo(() => placesOf(graph), [graph]);
  const [nodes, setNodes] = useState<StepNodeType[]>([]);
  const [edges, setEdges] = useState<WireEdge[]>([]);
  const count = useRef(0);

  useEffect(() => {
    setNodes((before) => {
      const known = new Map(before.map((node) => [node.id, node]));
      return graph.nodes.map((node): StepNodeType => {
        const old = known.get(node.id);
        const face = faceOf(node.id);
        return {
          ...(old?.measured ? { measured: old.measured } : {}),
          id: node.id,
          type: 'step',
          position: places.get(node.id) ?? { x: 0, y: 0 },
          width: node.width,
          height: node.height,
          data: { ...face, node, readOnly },
          selected: node.id === selected,
          deletable: !node.isTrigger,
          ariaLabel: [face.title, ...face.problems].join('. '),
        };
      });
    });
    setEdges((before) => {
      const chosen = new Set(before.filter((edge) => edge.selected).map((edge) => edge.id));
      return graph.edges.map((edge) => drawn(edge, chosen.has(edge.id), taken));
    });
  }, [graph, faceOf, places, readOnly, selected, taken]);

  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = count.current;
    count.current = graph.nodes.length;
    if (before > 0 || graph.nodes.length === 0 || !box.current) return;
    // The first look: all of it where that can be read, else its beginning, or what is chosen. Later it stays where
    // the reader is.
    const { clientWidth, clientHeight } = box.current;
    void setViewport(firstLook(graph, places, { width: clientWidth, height: clientHeight }, selected));
  }, [graph, places, selected, setViewport]);

  const chosen = graph.nodes.find(({ id }) => id === selected);
  const chosenAt = chosen && places.get(chosen.id);
  const [x, y] = [chosenAt?.x, chosenAt?.y];
  useEffect(() => {
    // What was chosen elsewhere (in a list, by the palette) comes into sight; what is in sight stays where it is.
    if (x === undefined || y === undefined || !box.current || count.current === 0) return;
    const view = getViewport();
    const left = x * view.zoom + view.x;
    const top = y * view.zoom + view.y;
    const right = left + nodeSize.width * view.zoom;
    const { clientWidth, clientHeight } = box.current;
    if (left >= 0 && top >= 0 && right <= clientWidth && top + 60 <= clientHeight) return;
    void setCenter(x + nodeSize.width / 2, y + 60, { zoom: view.zoom });
  }, [x, y, getViewport, setCenter]);

  const onNodesChange = useCallback(
    (changes: NodeChange<StepNodeType>[]) => {
      setNodes((now) => applyNodeChanges(changes, now));
      const chosen = changes.find((change) => change.type === 'select' && change.selected);
      if (chosen?.type === 'select') onSelect(chosen.id);
      // A drag says when it ends; arrow keys don't drag.
      const moved = changes.flatMap((change) =>
        change.type === 'position' && change.position && change.dragging === false
          ? [[change.id, change.position] as const]
          : [],
      );
      if (moved.length > 0) onMove?.(Object.fromEntries(moved));
    },
    [onMove, onSelect],
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<WireEdge>[]) => setEdges((now) => applyEdgeChanges(changes, now)),
    [],
  );
  const isValid = useCallback(
    (connection: Connection | WireEdge) => wireBetween(graph, connection) !== undefined,
    [graph],
  );
  const onDrop = (event: DragEvent) => {
    const kind = event.dataTransfer.getData(dragType);
    if (kind === '' || !onDropKind) return;
    event.preventDefault();
    const at = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    onDropKind(kind, { x: at.x - 100, y: at.y - 22 });
  };

  return (
    <section
      ref={box}
      className={classes.canvas}
      aria-label={props.label}
      onDragOver={(event) => {
        if (!onDropKind || !event.dataTransfer.types.includes(dragType)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      }}
      onDrop={onDrop}
      onFocus={(event) => {
        // What the keys are at is what Delete takes: the focused step is the selected one.
        const id = event.target.matches('.react-flow__node:focus-visible')
          ? event.target.getAttribute('data-id')
          : null;
        if (id) onSelect(id);
      }}
      onKeyDown={(event) => {
        const node = event.target instanceof Element ? event.target.closest('.react-flow__node') : null;
        const id = node?.getAttribute('data-id');
        if (event.key === 'Enter' && id && node === event.target) {
          event.preventDefault();
          onSelect(id);
          onOpen?.(id);
        }
      }}
    >
      <ReactFlow<StepNodeType, WireEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        isValidConnection={isValid}
        onConnect={(connection) => {
          const wire = wireBetween(graph, connection);
          if (wire) onConnect?.(wire);
        }}
        onBeforeDelete={async (gone) => {
          // The text is what is deleted from; the picture follows.
          onDelete?.(
            gone.nodes.filter((node) => node.id !== 'trigger').map((node) => node.id),
            gone.edges.flatMap((edge) => (edge.data ? [edge.data.wire] : [])),
          );
          return false;
        }}
        onNodeClick={(_event, node) => onSelect(node.id)}
        onNodeDoubleClick={(_event, node) => onOpen?.(node.id)}
        onPaneClick={() => onSelect(undefined)}
        deleteKeyCode={readOnly ? null : ['Delete', 'Backspace']}
        multiSelectionKeyCode={readOnly ? null : ['Shift', 'Meta', 'Control']}
        selectionKeyCode={readOnly ? null : 'Shift'}
        nodesDraggable={!readOnly}
        nodesConnectable={!readOnly}
        edgesFocusable={!readOnly}
        elementsSelectable
        zoomOnDoubleClick={false}
        connectionRadius={26}
        snapToGrid
        snapGrid={[4, 4]}
        minZoom={0.25}
        maxZoom={1.6}
        proOptions={{ hideAttribution: true }}
        ariaLabelConfig={{
          'node.a11yDescription.default': say(readOnly ? 'a11y.node.read' : 'a11y.node'),
          'node.a11yDescription.keyboardDisabled': say('a11y.node.read'),
          'node.a11yDescription.ariaLiveMessage': ({ x, y }) =>
            say('a11y.moved', { x: Math.round(x), y: Math.round(y) }),
          'edge.a11yDescription.default': say('a11y.edge'),
          'controls.ariaLabel': say('canvas.controls'),
          'controls.zoomIn.ariaLabel': say('canvas.zoomIn'),
          'controls.zoomOut.ariaLabel': say('canvas.zoomOut'),
          'controls.fitView.ariaLabel': say('canvas.fit'),
          'controls.interactive.ariaLabel': say('canvas.lock'),
          'minimap.ariaLabel': say('canvas.map'),
          'handle.ariaLabel': say('canvas.handle'),
        }}
      >
        <Background gap={20} size={1} color="var(--border-strong)" />
        <Controls
          showInteractive={false}
          position="bottom-left"
          fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
        />
        {graph.nodes.length > 6 && (
          <MiniMap
            className={classes.map ?? ''}
            pannable
            position="bottom-right"
            nodeColor="var(--border-strong)"
            maskColor="var(--map-mask)"
            bgColor="var(--surface-1)"
          />
        )}
        {props.children}
      </ReactFlow>
    </section>
  );
}

/** Below this nobody can read the words on a node. */
const readable = 0.68;

/** Where the reader begins to look, as React Flow's viewport. */
export function firstLook(
  graph: FlowGraph,
  places: ReadonlyMap<string, Position>,
  view: { readonly width: number; readonly height: number },
  chosen: string | undefined,
): { readonly x: number; readonly y: number; readonly zoom: number } {
  const boxes = graph.nodes.map((node) => ({ ...node, at: places.get(node.id) ?? { x: 0, y: 0 } }));
  const left = Math.min(...boxes.map(({ at }) => at.x));
  const top = Math.min(...boxes.map(({ at }) => at.y));
  const width = Math.max(...boxes.map(({ at, width }) => at.x + width)) - left;
  const height = Math.max(...boxes.map(({ at, height }) => at.y + height)) - top;
  const edge = 28;
  const fit = Math.min((view.width - 2 * edge) / width, (view.height - 2 * edge) / height, 1);
  const zoom = Math.max(readable, fit);
  const target = boxes.find(({ id }) => id === chosen);
  const inner = width * zoom + 2 * edge <= view.width;
  const tall = height * zoom + 2 * edge > view.height;
  const x = inner
    ? (view.width - width * zoom) / 2 - left * zoom
    : target
      ? Math.min(edge - left * zoom, view.width / 2 - (target.at.x + target.width / 2) * zoom)
      : edge - left * zoom;
  const y = tall
    ? target
      ? view.height / 2 - (target.at.y + target.height / 2) * zoom
      : edge - top * zoom
    : (view.height - height * zoom) / 2 - top * zoom;
  return { x, y, zoom };
}

/** Where everything stands: as people have put it, and the rest where there is room. */
export function placesOf(graph: FlowGraph): ReadonlyMap<string, Position> {
  return placeMissing(
    graph.nodes,
    graph.edges.map(({ wire }) => ({ from: wire.from, to: wire.to })),
  );
}

const strokes = {
  file: 'var(--chart-1)',
  files: 'var(--chart-2)',
  data: 'var(--chart-3)',
  order: 'var(--text-faint)',
} as const;

function drawn(edge: GraphEdge, selected: boolean, taken: ReadonlySet<string> | undefined): WireEdge {
  const { wire } = edge;
  const isError = edge.broken || (wire.kind === 'after' && wire.branch === 'error');
  const color = isError ? 'var(--state-failed)' : strokes[edge.type];
  return {
    id: edge.id,
    source: wire.from,
    target: wire.to,
    ...handlesOf(wire),
    data: { wire },
    selected,
    type: 'default',
    animated: false,
    interactionWidth: 16,
    style: {
      stroke: color,
      strokeWidth: edge.type === 'files' ? 2.5 : 1.6,
      ...(edge.type === 'order' || edge.broken ? { strokeDasharray: '5 4' } : {}),
      ...(taken && !taken.has(edge.id) ? { opacity: 0.35 } : {}),
    },
    markerEnd: { type: MarkerType.ArrowClosed, color, width: 14, height: 14 },
    ariaLabel: `${wire.from} → ${wire.to}`,
  };
}
