/**
 * Parameters as people and programs may read them: the key `secrets`, by which a workload hands its node what nobody
 * else may know (tickets, passwords), is taken out. Only the offer to the node carries it.
 */
export function withoutSecrets(parameters: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(parameters, 'secrets')) return parameters;
  const { secrets: _secrets, ...rest } = parameters;
  return rest;
}
