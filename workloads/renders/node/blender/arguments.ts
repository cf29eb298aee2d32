import { fileURLToPath } from 'node:url';

/** Folder of the constant scripts; shown to the sandbox read-only. */
export const scriptsDir = fileURLToPath(new URL('../../blender/', import.meta.url)).replace(/[/\\]$/, '');
/** Folder of the tiny models that prove importers. */
export const samplesDir = fileURLToPath(new URL('../../blender/samples/', import.meta.url)).replace(
  /[/\\]$/,
  '',
);

/**
 * The whole command line. Order matters to Blender: `--python-exit-code` counts only before `-P`, and what follows
 * `--` is the script's own. Nothing of a job stands in it but the path of the request file, which is ours.
 */
export function blenderArguments(binary: string, requestFile: string): [string, ...string[]] {
  return [
    binary,
    '-b',
    '--factory-startup',
    '--disable-autoexec',
    '--python-exit-code',
    '9',
    '-P',
    `${scriptsDir}/main.py`,
    '--',
    requestFile,
  ];
}

/**
 * Environment of every Blender that we start. PATH is the system's own: Blender finds its Python packages by looking
 * for a `python3` there, and another Python in front (pyenv, conda) takes numpy away from it.
 */
export const blenderEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONNOUSERSITE: '1',
};
