import { type LaunchTemplate, type LaunchVariable, launchVariables } from '../../contract.ts';

export type LaunchValues = Readonly<Record<LaunchVariable, string>>;

const known: ReadonlySet<string> = new Set(launchVariables);

/**
 * Puts values in for `{names}`. One pass: what a value holds is never looked at again, so nobody's ticket or name can
 * pull in another variable. Words in braces that are no variable stay as they are; engines use braces themselves.
 */
export function substitute(text: string, values: LaunchValues): string {
  return text.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) =>
    known.has(name) ? values[name as LaunchVariable] : whole,
  );
}

/** A template with its values: each argument stays one argument, whatever is put into it. */
export function fillTemplate(template: LaunchTemplate, values: LaunchValues): LaunchTemplate {
  const [program, ...rest] = template.argv;
  return {
    argv: [substitute(program, values), ...rest.map((argument) => substitute(argument, values))],
    env: Object.fromEntries(
      Object.entries(template.env).map(([name, value]) => [name, substitute(value, values)]),
    ),
    ...(template.cwd === undefined ? {} : { cwd: substitute(template.cwd, values) }),
  };
}
