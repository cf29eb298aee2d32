/** What a child's environment is made of. */
export interface EnvironmentParts {
  readonly platform: NodeJS.Platform;
  /** The agent's own environment, of which little is passed on. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly temporary: string;
  /** What the task gives; wins over the rest, except over the marks. */
  readonly given: Readonly<Record<string, string>>;
  readonly marks: Readonly<Record<string, string>>;
}

/** Windows programs don't start without these. */
const windowsNames = [
  'SystemRoot',
  'SystemDrive',
  'windir',
  'ComSpec',
  'PATHEXT',
  'NUMBER_OF_PROCESSORS',
  'PROCESSOR_ARCHITECTURE',
];

/**
 * The whole environment of a child: where to find programs, a home and a place for temporary files of its own, a
 * language in which every program can print every character, what the task gives, and our marks. Nothing else of the
 * agent's environment gets through: it holds tokens and addresses of databases.
 */
export function childEnvironment(parts: EnvironmentParts): Record<string, string> {
  const { inherited, home, temporary } = parts;
  const environment: Record<string, string> = {
    PATH: inherited.PATH ?? (parts.platform === 'win32' ? '' : '/usr/local/bin:/usr/bin:/bin'),
    HOME: home,
    LANG: 'C.UTF-8',
    TMPDIR: temporary,
  };
  if (parts.platform === 'win32') {
    environment.USERPROFILE = home;
    environment.TEMP = temporary;
    environment.TMP = temporary;
    for (const name of windowsNames) {
      const value = inherited[name];
      if (value !== undefined) environment[name] = value;
    }
  }
  return { ...environment, ...parts.given, ...parts.marks };
}
