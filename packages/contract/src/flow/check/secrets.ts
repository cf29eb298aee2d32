import type { FlowDefinition } from '../definition.ts';
import type { FlowIssue } from '../issue.ts';
import { flowIssue } from './issues.ts';
import { textsOf } from './texts.ts';

/** Names of a query under which services expect what opens them. */
const telling =
  /^(access_?token|api_?key|apikey|auth|auth_?token|client_?secret|key|pass|passwd|password|secret|sig|sign|signature|token|x-amz-signature)$/i;

/**
 * Secrets that are written out in addresses. A flow's text is there for everybody who may see the flow, in all of its
 * versions: a secret belongs into a target, whose secrets are sealed. Only a warning, since a name proves nothing.
 */
export function checkSecrets(definition: FlowDefinition): FlowIssue[] {
  const places = [
    { texts: textsOf(definition.trigger.with, ['trigger', 'with']) },
    ...definition.steps.map((step, index) => ({
      step: step.id,
      texts: textsOf(step.with, ['steps', index, 'with']),
    })),
  ];
  return places.flatMap(({ texts, ...more }) =>
    texts.flatMap(([text, path]) => {
      const name = secretIn(text);
      return name === undefined
        ? []
        : [flowIssue('flow.secret_in_address', path, { name }, { severity: 'warning', ...more })];
    }),
  );
}

/** What of an address in a text looks like a secret: the name of a query, or a sign-in. */
function secretIn(text: string): string | undefined {
  for (const [address] of text.matchAll(/\b(?:https?|wss?|rtmps?|rtsps?|srt):\/\/[^\s"'<>]+/gi)) {
    if (!URL.canParse(address)) continue;
    const { username, password, searchParams } = new URL(address);
    if (password !== '') return `${username}:…@`;
    // A template gets its value when it runs, and is no secret of this text.
    const found = [...searchParams].find(
      ([name, value]) => telling.test(name) && value !== '' && !value.includes('{{'),
    );
    if (found) return `${found[0]}=…`;
  }
  return undefined;
}
