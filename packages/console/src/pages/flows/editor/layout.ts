import dagre from '@dagrejs/dagre';
import type { Position } from './edits.ts';

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Where it has been put; undefined lets the layout choose. */
  readonly at?: Position | undefined;
}

export interface Line {
  readonly from: string;
  readonly to: string;
}

const gap = { x: 72, y: 28 } as const;

/** Places boxes from left to right along their wires. Pure: the same graph always looks the same. */
export function layOut(boxes: readonly Box[], lines: readonly Line[]): Map<string, Position> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', ranksep: gap.x, nodesep: gap.y, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(boxes.map((box) => box.id));
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const { from, to } of lines) if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  dagre.layout(graph);
  return new Map(
    boxes.map((box) => {
      const { x, y } = graph.node(box.id) as { x: number; y: number };
      return [box.id, { x: Math.round(x - box.width / 2), y: Math.round(y - box.height / 2) }];
    }),
  );
}

/**
 * Places only what has no place yet, and leaves the rest where people have put it: right of what it follows, below
 * whatever stands there already.
 */
export function placeMissing(boxes: readonly Box[], lines: readonly Line[]): Map<string, Position> {
  if (boxes.every((box) => box.at === undefined)) return layOut(boxes, lines);
  const placed = new Map<string, Position>();
  const byId = new Map(boxes.map((box) => [box.id, box]));
  for (const box of boxes) if (box.at) placed.set(box.id, box.at);
  for (const box of boxes) {
    if (box.at) continue;
    const before = lines.filter((line) => line.to === box.id).flatMap((line) => placed.get(line.from) ?? []);
    const start = before.reduce<Position>((furthest, at) => (at.x > furthest.x ? at : furthest), {
      x: 0,
      y: 24,
    });
    const width = before.length > 0 ? Math.max(...boxes.map((other) => other.width)) : -gap.x + 24;
    let at: Position = { x: start.x + width + gap.x, y: start.y };
    for (let tries = 0; tries < 200; tries += 1) {
      const hit = [...placed].find(([id, other]) => overlaps(box, at, byId.get(id), other));
      if (!hit) break;
      at = { x: at.x, y: hit[1].y + (byId.get(hit[0])?.height ?? 0) + gap.y };
    }
    placed.set(box.id, at);
  }
  return placed;
}

function overlaps(box: Box, at: Position, other: Box | undefined, otherAt: Position): boolean {
  if (!other) return false;
  return (
    at.x < otherAt.x + other.width + 12 &&
    otherAt.x < at.x + box.width + 12 &&
    at.y < otherAt.y + other.height + 12 &&
    otherAt.y < at.y + box.height + 12
  );
}
