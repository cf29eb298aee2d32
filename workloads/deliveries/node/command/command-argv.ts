import type { AllowedCommand } from '../../contract.ts';

/**
 * The argument vector of an allowed command: `{file}` and `{args}` stand for whole elements, and nothing inside of an
 * element is ever replaced. Whatever is in the arguments, they are arguments.
 */
export function commandArgv(
  { argv }: AllowedCommand,
  given: { readonly args: readonly string[]; readonly file: string | undefined },
): [string, ...string[]] {
  const [program = '', ...rest] = argv;
  const filled = rest.flatMap((element) => {
    if (element === '{file}') return given.file === undefined ? [] : [given.file];
    if (element === '{args}') return given.args;
    return [element];
  });
  return [program, ...filled];
}
