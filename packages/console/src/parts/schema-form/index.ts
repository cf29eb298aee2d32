export { fieldsOf, type JsonSchema, labelOf } from './field-shape.ts';
export { type PickerProps, SchemaForm } from './schema-form.tsx';
