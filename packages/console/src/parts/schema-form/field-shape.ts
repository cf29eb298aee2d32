import type { Language } from '@backlot/contract/phrase';

/** A JSON schema as zod writes it, with the words and pickers that workloads put on their parameters as meta. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  /** What people call it, and a sentence about it. */
  readonly phrase?: Readonly<Record<Language, string>>;
  readonly hint?: Readonly<Record<Language, string>>;
  /** Words for the values of an enum. */
  readonly options?: Readonly<Record<string, Readonly<Record<Language, string>>>>;
  /** What the value names, so that it can be chosen from what there is: `delivery-target`. */
  readonly pick?: string;
  /** Narrows a picker: only targets of these kinds. */
  readonly kinds?: readonly string[];
  /** Text of many lines. */
  readonly rows?: number;
  readonly order?: number;
  /** Hidden until asked for. */
  readonly advanced?: boolean;
}

/** How a value is entered. */
export type Entry =
  | { readonly as: 'text'; readonly rows: number }
  | { readonly as: 'number'; readonly integer: boolean }
  | { readonly as: 'switch' }
  | { readonly as: 'choice'; readonly values: readonly (string | number)[] }
  | { readonly as: 'choices'; readonly values: readonly string[] }
  | { readonly as: 'lines' }
  | { readonly as: 'group'; readonly fields: readonly Field[] }
  | { readonly as: 'pairs' }
  | { readonly as: 'variant'; readonly key: string; readonly variants: readonly Variant[] }
  | { readonly as: 'json' };

/** One of several shapes that a value may have, told apart by one property: `{kind: 'push', …}`. */
export interface Variant {
  readonly value: string;
  readonly schema: JsonSchema;
}

export interface Field {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The schema behind "or nothing": forms leave a field empty instead of choosing null. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const some = schema.anyOf ?? schema.oneOf;
  if (some) {
    const rest = some.filter((one) => one.type !== 'null');
    const [only] = rest;
    if (rest.length === 1 && only) {
      const { anyOf: _any, oneOf: _one, ...words } = schema;
      return { ...withoutNull(only), ...words };
    }
    return rest.length === some.length ? schema : { ...schema, anyOf: rest };
  }
  if (Array.isArray(schema.type)) {
    const rest = schema.type.filter((type) => type !== 'null');
    if (rest.length === 1) return { ...schema, type: rest[0] };
  }
  return schema;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumberOrText = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/** How a value of this schema is entered. What no field fits is entered as JSON, and checked by the server. */
export function entryOf(given: JsonSchema): Entry {
  const schema = withoutNull(given);
  const constants = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (constants?.every(isNumberOrText)) return { as: 'choice', values: constants.filter(isNumberOrText) };
  const some = schema.anyOf ?? schema.oneOf;
  if (some) {
    const values = some.map((one) => one.const).filter(isText);
    if (values.length === some.length) return { as: 'choice', values };
    const key = discriminator(some);
    if (key !== undefined) {
      const variants = some.map((one) => ({ value: String(one.properties?.[key]?.const), schema: one }));
      return { as: 'variant', key, variants };
    }
    // "A number or a text such as 2h": text says both.
    if (some.every((one) => one.type === 'string' || one.type === 'number' || one.type === 'integer'))
      return { as: 'text', rows: 1 };
    return { as: 'json' };
  }
  if (Array.isArray(schema.type)) {
    const plain = schema.type.every((type) => type === 'string' || type === 'number' || type === 'integer');
    return plain ? { as: 'text', rows: 1 } : { as: 'json' };
  }
  switch (schema.type) {
    case 'string':
      return { as: 'text', rows: schema.rows ?? 1 };
    case 'number':
    case 'integer':
      return { as: 'number', integer: schema.type === 'integer' };
    case 'boolean':
      return { as: 'switch' };
    case 'array': {
      const values = schema.items?.enum;
      if (values?.every(isText)) return { as: 'choices', values: values.filter(isText) };
      return schema.items?.type === 'string' ? { as: 'lines' } : { as: 'json' };
    }
    case 'object': {
      if (schema.properties && Object.keys(schema.properties).length > 0)
        return { as: 'group', fields: fieldsOf(schema) };
      const values = schema.additionalProperties;
      return typeof values === 'object' && values.type === 'string' ? { as: 'pairs' } : { as: 'json' };
    }
    default:
      return { as: 'json' };
  }
}

/** The property whose constant tells the shapes apart, if there is one. */
function discriminator(some: readonly JsonSchema[]): string | undefined {
  const [first] = some;
  return Object.keys(first?.properties ?? {}).find((key) => {
    const values = some.map((one) => one.properties?.[key]?.const);
    return values.every(isText) && new Set(values).size === values.length;
  });
}

/** The fields of an object: in the order that their owner gave, needed ones first. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .filter(([, field]) => field.const === undefined)
    .map(([name, field]) => ({
      name,
      schema: field,
      required: required.has(name) && field.default === undefined,
    }))
    .sort((a, b) => (a.schema.order ?? 0) - (b.schema.order ?? 0) || Number(b.required) - Number(a.required));
}

/** What a field is called: its owner's words, else its name, taken apart. */
export function labelOf(name: string, schema: JsonSchema, language: Language): string {
  const words = schema.phrase ?? withoutNull(schema).phrase;
  if (words) return words[language];
  if (schema.title) return schema.title;
  const apart = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_-]/g, ' ');
  return apart.charAt(0).toUpperCase() + apart.slice(1).toLowerCase();
}

export function hintOf(schema: JsonSchema, language: Language): string | undefined {
  return schema.hint?.[language] ?? schema.description;
}

/** The object without what was left empty: an empty field means "as if it were not there". */
export function withValue(
  object: Readonly<Record<string, unknown>>,
  name: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const { [name]: _before, ...rest } = object;
  return value === undefined ? rest : { ...object, [name]: value };
}
