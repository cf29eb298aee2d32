import { describe, expect, it } from 'vitest';
import { closesCircle, fits, graphOf, type KindPorts, sourcesFor, wiresBehind } from './graph.ts';
import { layOut, placeMissing } from './layout.ts';

const kinds = (...list: KindPorts[]) => new Map(list.map((kind) => [kind.kind, kind]));
const triggers = kinds({
  kind: 't.ended',
  outputs: { segments: { type: 'files' }, facts: { type: 'data' } },
});
const join: KindPorts = {
  kind: 'r.join',
  inputs: { segments: { type: 'files', required: true } },
  outputs: { film: { type: 'file' } },
};
const upload: KindPorts = {
  kind: 'd.upload',
  inputs: { file: { type: 'file', required: true } },
  outputs: { copy: { type: 'data' } },
};
const condition: KindPorts = { kind: 'flows.condition', outputs: {}, branches: ['true', 'false'] };
const steps = kinds(join, upload, condition);

const flow = {
  trigger: { kind: 't.ended' },
  steps: [
    { id: 'join', kind: 'r.join', in: { segments: 'trigger.segments' }, layout: { x: 300, y: 40 } },
    { id: 'check', kind: 'flows.condition', after: ['join'] },
    { id: 'upload', kind: 'd.upload', in: { file: 'join.film' }, after: ['check.true'] },
    { id: 'odd', kind: 'nobody.knows', in: { thing: ['upload.copy', 'nowhere.x'] }, after: ['upload.error'] },
  ],
};

describe('the picture of a flow', () => {
  const graph = graphOf(flow, steps, triggers);

  it('has a node for the trigger and for each step, with the ports of their kinds', () => {
    expect(graph.nodes.map((node) => node.id)).toEqual(['trigger', 'join', 'check', 'upload', 'odd']);
    expect(graph.nodes[2]?.branches).toEqual(['true', 'false', 'error']);
    expect(graph.nodes[0]?.branches).toEqual([]);
    expect(graph.nodes[1]?.at).toEqual({ x: 300, y: 40 });
  });

  it('has wires for values and for orders, and marks what does not fit', () => {
    expect(graph.edges.map(({ id, type, broken }) => [id, type, broken])).toEqual([
      ['value trigger segments join segments', 'files', false],
      ['after join ok check', 'order', false],
      ['value join film upload file', 'file', false],
      ['after check true upload', 'order', false],
      ['value upload copy odd thing', 'data', true],
      ['after upload error odd', 'order', false],
    ]);
  });

  it('draws a step of an unknown kind with what its wires name', () => {
    const odd = graph.nodes.find((node) => node.id === 'odd');
    expect(odd?.known).toBe(false);
    expect(odd?.inputs).toEqual([{ name: 'thing', type: null, required: false }]);
  });

  it.each([
    [null],
    [''],
    [[]],
    [{ steps: 'x' }],
    [{ steps: [null, 3, { id: 4 }, { id: 'a' }] }],
    [{ trigger: [] }],
  ])('draws %j without a complaint', (value) => {
    expect(graphOf(value, steps, triggers).nodes[0]?.id).toBe('trigger');
  });

  it('knows what may go where', () => {
    expect([fits('file', 'files'), fits('files', 'file'), fits('data', 'data'), fits(null, 'file')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(closesCircle(graph.edges, 'upload', 'join')).toBe(true);
    expect(closesCircle(graph.edges, 'join', 'upload')).toBe(false);
    expect(closesCircle(graph.edges, 'join', 'join')).toBe(true);
    expect(sourcesFor(graph, 'upload', 'file')).toEqual([{ from: 'join', port: 'film' }]);
    // What comes after the step can't feed it.
    expect(sourcesFor(graph, 'join', 'data')).toEqual([{ from: 'trigger', port: 'facts' }]);
  });

  it('wires a new step behind the chosen one', () => {
    expect(wiresBehind(graph, 'join', 'new', upload)).toEqual([
      { kind: 'value', from: 'join', port: 'film', to: 'new', into: 'file' },
    ]);
    expect(wiresBehind(graph, 'upload', 'new', condition)).toEqual([
      { kind: 'after', from: 'upload', branch: 'ok', to: 'new' },
    ]);
    expect(wiresBehind(graph, 'trigger', 'new', condition)).toEqual([]);
  });
});

describe('layout', () => {
  const box = (id: string, at?: { x: number; y: number }) => ({ id, width: 200, height: 80, at });
  const lines = [
    { from: 'a', to: 'b' },
    { from: 'a', to: 'c' },
    { from: 'b', to: 'd' },
  ];

  it('goes from left to right, and nothing stands on another', () => {
    const at = layOut(
      ['a', 'b', 'c', 'd'].map((id) => box(id)),
      lines,
    );
    const x = (id: string) => at.get(id)?.x ?? 0;
    expect(x('a')).toBeLessThan(x('b'));
    expect(x('b')).toBeLessThan(x('d'));
    expect(x('b')).toBe(x('c'));
    expect(Math.abs((at.get('b')?.y ?? 0) - (at.get('c')?.y ?? 0))).toBeGreaterThanOrEqual(80);
  });

  it('leaves what people have placed, and finds room for the rest', () => {
    const at = placeMissing(
      [box('a', { x: 10, y: 500 }), box('b', { x: 282, y: 500 }), box('c'), box('d')],
      lines,
    );
    expect(at.get('a')).toEqual({ x: 10, y: 500 });
    expect(at.get('c')?.x).toBe(282);
    expect(at.get('c')?.y).toBeGreaterThanOrEqual(580);
    expect(at.get('d')?.x).toBeGreaterThan(282);
  });
});
