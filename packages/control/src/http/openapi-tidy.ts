import { STATUS_CODES } from 'node:http';

/** As much of an OpenAPI document as is changed here. */
interface OpenApiDocument {
  components?: { schemas?: Record<string, unknown> };
  paths?: Record<string, Record<string, { responses?: Record<string, { description?: string }> }>>;
}

const prefix = '#/components/schemas/';

/** Calls back for every `$ref` of a value, whose holder may then be changed. */
function eachRef(value: unknown, visit: (holder: { $ref: string }) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('$ref' in value && typeof value.$ref === 'string') visit(value as { $ref: string });
  for (const inner of Object.values(value)) eachRef(inner, visit);
}

/** The components that a value leads to, directly or through others. */
function reachable(start: unknown, schemas: Record<string, unknown>): Set<string> {
  const found = new Set<string>();
  const follow = (value: unknown) =>
    eachRef(value, ({ $ref }) => {
      const name = $ref.slice(prefix.length);
      if (!$ref.startsWith(prefix) || found.has(name)) return;
      found.add(name);
      follow(schemas[name]);
    });
  follow(start);
  return found;
}

/**
 * Makes a generated document one that people like to read: only components that are used, no `…Input` where
 * there is nothing to tell it from, and words instead of "Default Response".
 */
export function tidyOpenApi<Document extends OpenApiDocument>(document: Document): Document {
  const tidy = structuredClone(document);
  const all = tidy.components?.schemas ?? {};
  const used = reachable(tidy.paths, all);
  const nameOf = (name: string) => {
    const plain = name.replace(/Input$/, '');
    return used.has(plain) ? name : plain;
  };
  eachRef(tidy, (holder) => {
    if (holder.$ref.startsWith(prefix)) holder.$ref = prefix + nameOf(holder.$ref.slice(prefix.length));
  });
  const kept = [...used].sort().map((name) => [nameOf(name), all[name]] as const);
  tidy.components = { ...tidy.components, schemas: Object.fromEntries(kept) };
  for (const operations of Object.values(tidy.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if (response.description === 'Default Response')
          response.description = STATUS_CODES[status] ?? status;
      }
    }
  }
  return tidy;
}
