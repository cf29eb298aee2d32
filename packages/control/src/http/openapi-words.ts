import { z } from 'zod';

/** What zod hands to an override: a schema, and the JSON Schema that has been made of it. */
interface Made {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}

/**
 * Puts what `.describe()` says of a schema into the API's description. The transform reads words only from the registry that
 * it is given, which has the names of components; `.describe()` writes to zod's global one. An override takes the place of the
 * transform's own, so this also does what that does for what the API uses: `z.undefined()`, the body of an answer without one,
 * is null.
 */
export function withWords({ zodSchema, jsonSchema }: Made): void {
  const description = z.globalRegistry.get(zodSchema)?.description;
  if (description !== undefined && jsonSchema.$ref === undefined) jsonSchema.description = description;
  const { type } = zodSchema._zod.def;
  if (type === 'undefined') jsonSchema.type = 'null';
  // A branch that says nothing would allow everything.
  if (type === 'union' && jsonSchema.anyOf) {
    jsonSchema.anyOf = jsonSchema.anyOf.filter((branch) => Object.keys(branch).length > 0);
  }
}
