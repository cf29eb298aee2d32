interface CurlRequest {
  readonly origin: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
}

/** One argument for a POSIX shell. Text from people stays text, whatever is in it. */
function quote(argument: string): string {
  return /^[\w@%+=:,./?&-]+$/.test(argument) && !/[&?]/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** The same request as a command. The token stays a variable: secrets don't belong into a clipboard. */
export function toCurl({ origin, path, method = 'GET', body }: CurlRequest): string {
  const parts = ['curl', '-sS'];
  if (method !== 'GET') parts.push('-X', method);
  parts.push('-H', '"Authorization: Bearer $BACKLOT_TOKEN"');
  if (body !== undefined)
    parts.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(body)));
  parts.push(quote(`${origin}${path}`));
  return parts.join(' ');
}
