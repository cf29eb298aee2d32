import { Button, MultiSelect, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { type ReactNode, useMemo, useState } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { SchemaForm } from '../../../parts/schema-form/index.ts';
import { StepIcon } from '../canvas/step-icon.tsx';
import { flowPickers } from '../forms/pickers.tsx';
import { flowTexts } from '../texts.ts';
import type { CatalogueView, KindView } from './catalogue.ts';
import type { FlowPath } from './document.ts';
import { connect, disconnect, removeSteps, renameStep, setFlow, setOf, TRIGGER, type Wire } from './edits.ts';
import { closesCircle, type FlowGraph, type GraphNode, sourcesFor } from './graph.ts';
import classes from './inspector.module.css';
import type { ShownIssue } from './issues.ts';

interface InspectorProps {
  readonly value: unknown;
  readonly graph: FlowGraph;
  readonly catalogue: CatalogueView;
  readonly selected: string | undefined;
  readonly issues: readonly ShownIssue[];
  readonly onEdit: (edit: (text: string) => string, by?: string) => void;
  readonly onSelect: (id: string | undefined) => void;
  readonly readOnly: boolean;
}

/** What can be set of the selected step or the trigger, or of the whole flow: the picture and the text without either. */
export function Inspector(props: InspectorProps) {
  const node = props.graph.nodes.find(({ id }) => id === props.selected);
  if (!node) return <FlowForm {...props} />;
  if (node.isTrigger) return <TriggerForm {...props} node={node} />;
  return <StepForm key={node.id} {...props} node={node} />;
}

type Bag = Readonly<Record<string, unknown>>;
const bagOf = (value: unknown): Bag => (typeof value === 'object' && value !== null ? { ...value } : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function FlowForm({ value, onEdit, onSelect, graph, catalogue, readOnly }: InspectorProps) {
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const flow = bagOf(value);
  const set = (field: string) => (text: string) =>
    onEdit((before) => setFlow(before, [field], text === '' ? undefined : text), `flow ${field}`);
  return (
    <div className={classes.form}>
      <TextInput
        label={say('form.name')}
        required
        disabled={readOnly}
        value={textOf(flow.name)}
        onChange={(event) => set('name')(event.currentTarget.value)}
      />
      <Textarea
        label={say('form.description')}
        autosize
        minRows={2}
        maxRows={8}
        disabled={readOnly}
        value={textOf(flow.description)}
        onChange={(event) => set('description')(event.currentTarget.value)}
      />
      <Part title={say('col.steps')}>
        <ul className={classes.steps}>
          {graph.nodes.map((node) => {
            const kind = (node.isTrigger ? catalogue.triggers : catalogue.steps).get(node.kind);
            return (
              <li key={node.id}>
                <button type="button" className={classes.step} onClick={() => onSelect(node.id)}>
                  <StepIcon kind={node.isTrigger ? 'x.trigger' : node.kind} icon={kind?.icon} />
                  <span>{node.name ?? kind?.title[language] ?? node.kind}</span>
                  <code className="dim">{node.id}</code>
                </button>
              </li>
            );
          })}
        </ul>
      </Part>
    </div>
  );
}

interface NodeFormProps extends InspectorProps {
  readonly node: GraphNode;
}

function TriggerForm({ value, node, catalogue, issues, onEdit, readOnly }: NodeFormProps) {
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const kind = catalogue.triggers.get(node.kind);
  const trigger = bagOf(bagOf(value).trigger);
  return (
    <div className={classes.form}>
      <h3>{say('form.trigger')}</h3>
      <Select
        label={say('form.begins')}
        description={kind?.summary[language]}
        allowDeselect={false}
        disabled={readOnly}
        data={[...catalogue.triggers.values()].map((one) => ({
          value: one.kind,
          label: one.title[language],
        }))}
        value={kind ? node.kind : null}
        onChange={(next) =>
          next !== null &&
          next !== node.kind &&
          // Parameters of another trigger would only be in the way.
          onEdit((text) => setOf(setOf(text, TRIGGER, ['kind'], next), TRIGGER, ['with'], undefined))
        }
      />
      <Faults issues={issues} node={node.id} />
      {kind && (
        <Parameters
          kind={kind}
          value={trigger.with}
          id={TRIGGER}
          issues={issues}
          onEdit={onEdit}
          readOnly={readOnly}
        />
      )}
      {node.outputs.length > 0 && (
        <Part title={say('form.gives')}>
          <ul className={classes.ports}>
            {node.outputs.map((port) => (
              <li key={port.name}>
                <code>{`trigger.${port.name}`}</code>
                <span className="dim">{say(`port.${port.type ?? 'unknown'}`)}</span>
              </li>
            ))}
          </ul>
        </Part>
      )}
    </div>
  );
}

function StepForm(props: NodeFormProps) {
  const { value, node, graph, catalogue, issues, onEdit, onSelect, readOnly } = props;
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const kind = catalogue.steps.get(node.kind);
  const steps = bagOf(value).steps;
  const step = bagOf(Array.isArray(steps) ? steps.find((one) => bagOf(one).id === node.id) : undefined);
  const set = (field: FlowPath, by: string) => (next: unknown) =>
    onEdit((text) => setOf(text, node.id, field, next), `${node.id} ${by}`);
  return (
    <div className={classes.form}>
      <div className={classes.head}>
        <StepIcon kind={node.kind} icon={kind?.icon} size={18} />
        <h3>{kind?.title[language] ?? node.kind}</h3>
      </div>
      {kind ? (
        <p className="dim">{kind.summary[language]}</p>
      ) : (
        <p className={classes.fault}>{say('form.unknown', { kind: node.kind })}</p>
      )}
      <Faults issues={issues} node={node.id} />
      <div className={classes.pair}>
        <TextInput
          label={say('form.name')}
          disabled={readOnly}
          placeholder={kind?.title[language]}
          value={textOf(step.name)}
          onChange={(event) => set(['name'], 'name')(event.currentTarget.value || undefined)}
        />
        <IdField node={node} graph={graph} onEdit={onEdit} onSelect={onSelect} readOnly={readOnly} />
      </div>
      <Wires {...props} kind={kind} />
      {kind && (
        <Parameters
          kind={kind}
          value={step.with}
          id={node.id}
          issues={issues}
          onEdit={onEdit}
          readOnly={readOnly}
        />
      )}
      <Part title={say('form.failing')}>
        <div className={classes.pair}>
          <NumberInput
            label={say('form.retries')}
            placeholder={say('form.default')}
            allowDecimal={false}
            min={0}
            max={1_000_000}
            disabled={readOnly}
            value={typeof step.retries === 'number' ? step.retries : ''}
            onChange={(next) => set(['retries'], 'retries')(typeof next === 'number' ? next : undefined)}
          />
          <TextInput
            label={say('form.timeLimit')}
            placeholder="2h"
            disabled={readOnly}
            value={textOf(step.timeLimit)}
            onChange={(event) => set(['timeLimit'], 'limit')(event.currentTarget.value || undefined)}
          />
        </div>
        <Select
          label={say('form.onError')}
          allowDeselect={false}
          disabled={readOnly}
          data={[
            { value: 'fail', label: say('form.onError.fail') },
            { value: 'continue', label: say('form.onError.continue') },
          ]}
          value={step.onError === 'continue' ? 'continue' : 'fail'}
          onChange={(next) => set(['onError'], 'onError')(next === 'continue' ? 'continue' : undefined)}
        />
      </Part>
      {!readOnly && (
        <Button
          variant="default"
          className={classes.remove ?? ''}
          c="var(--state-failed-text)"
          leftSection={<IconTrash size={14} aria-hidden="true" />}
          onClick={() => {
            onEdit((text) => removeSteps(text, new Set([node.id])));
            onSelect(undefined);
          }}
        >
          {say('form.remove')}
        </Button>
      )}
    </div>
  );
}

type IdFieldProps = Pick<NodeFormProps, 'node' | 'graph' | 'onEdit' | 'onSelect' | 'readOnly'>;

/** The id is changed when the field is left: every letter in between would be another step. */
function IdField({ node, graph, onEdit, onSelect, readOnly }: IdFieldProps) {
  const say = useTexts(flowTexts);
  const [typed, setTyped] = useState(node.id);
  const taken = graph.nodes.some((other) => other !== node && other.id === typed);
  const bad = taken || !/^[a-z][a-z0-9-]{0,59}$/.test(typed);
  const commit = () => {
    if (bad || typed === node.id) return;
    onEdit((text) => renameStep(text, node.id, typed));
    onSelect(typed);
  };
  return (
    <TextInput
      label={say('form.id')}
      disabled={readOnly}
      error={bad ? say('form.id.bad') : undefined}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  );
}

/** The wires into a step, chosen from lists: what a mouse does on the picture, without one. */
function Wires({
  node,
  graph,
  catalogue,
  onEdit,
  readOnly,
}: NodeFormProps & { readonly kind: KindView | undefined }) {
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const titleOf = (id: string) => {
    const other = graph.nodes.find((one) => one.id === id);
    if (!other) return id;
    const kinds = other.isTrigger ? catalogue.triggers : catalogue.steps;
    return other.name ?? kinds.get(other.kind)?.title[language] ?? id;
  };
  const into = (name: string) =>
    graph.edges.flatMap(({ wire }) =>
      wire.kind === 'value' && wire.to === node.id && wire.into === name ? [wire] : [],
    );
  const orders = graph.edges.flatMap(({ wire }) =>
    wire.kind === 'after' && wire.to === node.id ? [wire] : [],
  );
  const rewire = (before: readonly Wire[], after: readonly Wire[], many: boolean) =>
    onEdit((text) => {
      const same = (one: Wire) => (other: Wire) => JSON.stringify(one) === JSON.stringify(other);
      let next = text;
      for (const wire of before) if (!after.some(same(wire))) next = disconnect(next, wire);
      for (const wire of after) if (!before.some(same(wire))) next = connect(next, wire, many);
      return next;
    });
  const branches = useMemo(
    () =>
      graph.nodes
        .filter(
          (other) =>
            !other.isTrigger && other.id !== node.id && !closesCircle(graph.edges, other.id, node.id),
        )
        .flatMap((other) => other.branches.map((branch) => ({ from: other.id, branch }))),
    [graph, node.id],
  );
  const branchWord = (branch: string) =>
    branch === 'ok' || branch === 'error' || branch === 'true' || branch === 'false'
      ? say(`branch.${branch}`)
      : branch;
  return (
    <Part title={say('form.inputs')}>
      {node.inputs.map((port) => {
        const wires = into(port.name);
        const keyOf = (from: string, output: string) => `${from}.${output}`;
        const sources = sourcesFor(graph, node.id, port.type);
        const options = new Map(
          [...wires.map((wire) => ({ from: wire.from, port: wire.port })), ...sources].map((source) => [
            keyOf(source.from, source.port),
            { ...source, label: `${titleOf(source.from)} · ${source.port}` },
          ]),
        );
        const data = [...options].map(([value, { label }]) => ({ value, label }));
        const common = {
          label: `${port.name} · ${say(`port.${port.type ?? 'unknown'}`)}`,
          required: port.required,
          disabled: readOnly,
          data,
          placeholder: say('form.nothing'),
          nothingFoundMessage: say('pick.none'),
        };
        const change = (keys: readonly string[]) =>
          rewire(
            wires,
            keys.flatMap((key): Wire[] => {
              const source = options.get(key);
              return source
                ? [{ kind: 'value', from: source.from, port: source.port, to: node.id, into: port.name }]
                : [];
            }),
            port.type === 'files',
          );
        const chosen = wires.map((wire) => keyOf(wire.from, wire.port));
        return port.type === 'files' ? (
          <MultiSelect key={port.name} {...common} value={chosen} onChange={change} />
        ) : (
          <Select
            key={port.name}
            {...common}
            clearable
            value={chosen[0] ?? null}
            onChange={(next) => change(next === null ? [] : [next])}
          />
        );
      })}
      <MultiSelect
        label={say('form.after')}
        description={say('form.after.hint')}
        disabled={readOnly}
        data={branches.map(({ from, branch }) => ({
          value: `${from} ${branch}`,
          label: `${titleOf(from)} · ${branchWord(branch)}`,
        }))}
        value={orders.map(({ from, branch }) => `${from} ${branch}`)}
        onChange={(keys) =>
          rewire(
            orders,
            keys.map((key): Wire => {
              const [from = '', branch = 'ok'] = key.split(' ');
              return { kind: 'after', from, branch, to: node.id };
            }),
            true,
          )
        }
      />
    </Part>
  );
}

interface ParametersProps {
  readonly kind: KindView;
  readonly value: unknown;
  readonly id: string;
  readonly issues: readonly ShownIssue[];
  readonly onEdit: InspectorProps['onEdit'];
  readonly readOnly: boolean;
}

function Parameters({ kind, value, id, issues, onEdit, readOnly }: ParametersProps) {
  const say = useTexts(flowTexts);
  const current = bagOf(value);
  const errors = Object.fromEntries(
    issues.flatMap((issue) =>
      issue.node === id && issue.field !== undefined ? [[issue.field, issue.sentence]] : [],
    ),
  );
  const nothing = Object.keys(kind.parameters.properties ?? {}).length === 0;
  return (
    <Part title={say('form.settings')}>
      {nothing ? (
        <p className="dim">{say('form.settings.none')}</p>
      ) : (
        <SchemaForm
          schema={kind.parameters}
          value={current}
          pickers={flowPickers}
          errors={errors}
          disabled={readOnly}
          onChange={(next) =>
            onEdit((text) => {
              // Field by field: what did not change keeps its comment and its way of being written.
              let edited = text;
              for (const name of new Set([...Object.keys(current), ...Object.keys(next)])) {
                if (JSON.stringify(current[name]) !== JSON.stringify(next[name]))
                  edited = setOf(edited, id, ['with', name], next[name]);
              }
              return edited;
            }, `${id} with`)
          }
        />
      )}
    </Part>
  );
}

function Faults({ issues, node }: { readonly issues: readonly ShownIssue[]; readonly node: string }) {
  const mine = issues.filter((issue) => issue.node === node && issue.field === undefined);
  if (mine.length === 0) return null;
  return (
    <ul className={classes.faults}>
      {mine.map((issue) => (
        <li key={issue.sentence} className={classes.fault}>
          {issue.sentence}
        </li>
      ))}
    </ul>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={classes.part} aria-label={title}>
      <h4>{title}</h4>
      {children}
    </section>
  );
}
