import type { Language } from '@backlot/contract/phrase';
import { MultiSelect, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { type ComponentType, type ReactNode, useState } from 'react';
import { useTexts } from '../../i18n/texts.ts';
import { useLanguage } from '../../i18n/use-language.ts';
import {
  entryOf,
  type Field,
  fieldsOf,
  hintOf,
  type JsonSchema,
  labelOf,
  withoutNull,
  withValue,
} from './field-shape.ts';
import classes from './schema-form.module.css';
import { schemaFormTexts } from './texts.ts';

export interface PickerProps {
  readonly label: string;
  readonly hint: string | undefined;
  readonly required: boolean;
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly error: string | undefined;
  readonly disabled: boolean;
  /** Undefined leaves the field out. */
  readonly onChange: (value: unknown) => void;
}

interface SchemaFormProps {
  readonly schema: JsonSchema;
  readonly value: Readonly<Record<string, unknown>>;
  readonly onChange: (value: Readonly<Record<string, unknown>>) => void;
  /** Fields that choose from what there is, by the schema's `pick`. */
  readonly pickers?: Readonly<Record<string, ComponentType<PickerProps>>>;
  /** What is wrong with a field, by its name. */
  readonly errors?: Readonly<Record<string, string>>;
  readonly disabled?: boolean;
}

/** A form for the parameters that a JSON schema describes. Empty fields are left out of the value. */
export function SchemaForm(props: SchemaFormProps) {
  const say = useTexts(schemaFormTexts);
  const fields = fieldsOf(props.schema);
  const rare = fields.filter(({ schema, name }) => schema.advanced && props.value[name] === undefined);
  const usual = fields.filter((field) => !rare.includes(field));
  return (
    <div className={classes.form}>
      {usual.map((field) => (
        <SchemaField key={field.name} field={field} {...props} />
      ))}
      {rare.length > 0 && (
        <details className={classes.more}>
          <summary>{say('advanced')}</summary>
          <div className={classes.form}>
            {rare.map((field) => (
              <SchemaField key={field.name} field={field} {...props} />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

interface SchemaFieldProps extends Omit<SchemaFormProps, 'schema'> {
  readonly field: Field;
}

function SchemaField(props: SchemaFieldProps) {
  const { field, value, onChange, pickers = {}, errors = {}, disabled = false } = props;
  const { language } = useLanguage();
  const schema = withoutNull(field.schema);
  const common = {
    label: labelOf(field.name, field.schema, language),
    description: hintOf(schema, language),
    required: field.required,
    disabled,
    error: errors[field.name],
  };
  const current = value[field.name];
  const set = (next: unknown) => onChange(withValue(value, field.name, next));
  const Picker = schema.pick === undefined ? undefined : pickers[schema.pick];
  if (Picker) {
    return (
      <Picker
        label={common.label}
        hint={common.description}
        required={common.required}
        value={current}
        schema={schema}
        error={common.error}
        disabled={disabled}
        onChange={set}
      />
    );
  }
  return (
    <Entered {...props} schema={schema} common={common} current={current} set={set} language={language} />
  );
}

interface EnteredProps extends SchemaFieldProps {
  readonly schema: JsonSchema;
  readonly common: {
    readonly label: string;
    readonly description: string | undefined;
    readonly required: boolean;
    readonly disabled: boolean;
    readonly error: string | undefined;
  };
  readonly current: unknown;
  readonly set: (value: unknown) => void;
  readonly language: Language;
}

function Entered({ schema, common, current, set, language, ...props }: EnteredProps): ReactNode {
  const say = useTexts(schemaFormTexts);
  const entry = entryOf(schema);
  const placeholder = schema.default === undefined ? undefined : textOf(schema.default);
  const word = (value: string | number) => schema.options?.[String(value)]?.[language] ?? String(value);
  switch (entry.as) {
    case 'text': {
      const value = current === undefined ? '' : textOf(current);
      const onText = (text: string) => set(text === '' ? undefined : text);
      return entry.rows > 1 ? (
        <Textarea
          {...common}
          autosize
          minRows={entry.rows}
          maxRows={14}
          placeholder={placeholder}
          value={value}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      ) : (
        <TextInput
          {...common}
          placeholder={placeholder}
          value={value}
          maxLength={schema.maxLength}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      );
    }
    case 'number':
      return (
        <NumberInput
          {...common}
          {...(placeholder === undefined ? {} : { placeholder })}
          allowDecimal={!entry.integer}
          {...limits(schema)}
          value={typeof current === 'number' ? current : ''}
          onChange={(next) => set(typeof next === 'number' ? next : undefined)}
        />
      );
    case 'switch':
      return (
        <Switch
          label={common.label}
          description={common.description}
          disabled={common.disabled}
          error={common.error}
          checked={typeof current === 'boolean' ? current : schema.default === true}
          onChange={(event) => set(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          placeholder={schema.default === undefined ? say('none') : word(String(schema.default))}
          clearable={!common.required}
          data={entry.values.map((value) => ({ value: String(value), label: word(value) }))}
          value={current === undefined || current === null ? null : String(current)}
          onChange={(next) =>
            set(next === null ? undefined : entry.values.find((value) => String(value) === next))
          }
        />
      );
    case 'choices':
      return (
        <MultiSelect
          {...common}
          clearable
          data={entry.values.map((value) => ({ value, label: word(value) }))}
          value={textsOf(current)}
          onChange={(next) => set(next.length === 0 ? undefined : next)}
        />
      );
    case 'lines':
      return (
        <LinesField
          {...common}
          hint={common.description ?? say('lines.hint')}
          value={textsOf(current).join('\n')}
          onChange={(text) => {
            const lines = text.split('\n').filter((line) => line.trim() !== '');
            set(lines.length === 0 ? undefined : lines);
          }}
        />
      );
    case 'pairs':
      return (
        <LinesField
          {...common}
          hint={common.description ?? say('pairs.hint')}
          value={Object.entries(recordOf(current))
            .map(([name, value]) => `${name}=${textOf(value)}`)
            .join('\n')}
          onChange={(text) => {
            const pairs = text.split('\n').flatMap((line) => {
              const at = line.indexOf('=');
              return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1)] as const] : [];
            });
            set(pairs.length === 0 ? undefined : Object.fromEntries(pairs));
          }}
        />
      );
    case 'group':
      return (
        <fieldset className={classes.group}>
          <legend>{common.label}</legend>
          {common.description && <p className="dim">{common.description}</p>}
          <SchemaForm
            {...props}
            errors={{}}
            schema={schema}
            value={recordOf(current)}
            onChange={(next) => set(Object.keys(next).length === 0 ? undefined : next)}
          />
        </fieldset>
      );
    case 'variant': {
      const object = recordOf(current);
      const chosen = entry.variants.find(({ value }) => value === object[entry.key]);
      return (
        <fieldset className={classes.group}>
          <legend>{common.label}</legend>
          <Select
            aria-label={common.label}
            description={common.description}
            error={common.error}
            disabled={common.disabled}
            clearable={!common.required}
            placeholder={say('none')}
            data={entry.variants.map(({ value }) => ({ value, label: word(value) }))}
            value={chosen?.value ?? null}
            onChange={(next) => set(next === null ? undefined : { [entry.key]: next })}
          />
          {chosen && (
            <SchemaForm
              {...props}
              errors={{}}
              schema={chosen.schema}
              value={object}
              onChange={(next) => set({ ...next, [entry.key]: chosen.value })}
            />
          )}
        </fieldset>
      );
    }
    case 'json':
      return <JsonField {...common} value={current} onChange={set} />;
  }
}

interface LinesFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly required: boolean;
  readonly disabled: boolean;
  readonly error: string | undefined;
  readonly value: string;
  readonly onChange: (text: string) => void;
}

/** Keeps what is being typed, an empty last line too, until the field is left. */
function LinesField({ hint, value, onChange, ...rest }: LinesFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <Textarea
      {...rest}
      description={hint}
      autosize
      minRows={2}
      maxRows={10}
      value={typed ?? value}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(event.currentTarget.value);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

interface JsonFieldProps {
  readonly label: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly disabled: boolean;
  readonly error: string | undefined;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

function JsonField({ value, onChange, error, description, ...rest }: JsonFieldProps) {
  const say = useTexts(schemaFormTexts);
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (value === undefined ? '' : JSON.stringify(value, null, 2));
  const read = parse(shown);
  return (
    <Textarea
      {...rest}
      description={description ?? say('json.hint')}
      autosize
      minRows={2}
      maxRows={12}
      classNames={{ input: classes.code ?? '' }}
      value={shown}
      error={read === broken ? say('json.broken') : error}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const next = parse(text);
        if (next !== broken) onChange(next);
      }}
      onBlur={() => read !== broken && setTyped(null)}
    />
  );
}

const broken = Symbol('not JSON');
function parse(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return broken;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
/** The ends of a number. JSON schemas of whole numbers end at the largest safe one, which is no limit to show. */
function limits({ minimum, exclusiveMinimum, maximum }: JsonSchema): { min?: number; max?: number } {
  const min = minimum ?? exclusiveMinimum;
  return {
    ...(min !== undefined && min > Number.MIN_SAFE_INTEGER ? { min } : {}),
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? { max: maximum } : {}),
  };
}
