import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { controlSettings } from './control-settings.ts';
import { defaultDataDir, type Machine } from './data-dir.ts';
import { configDocument } from './document.ts';
import { toEnvironment } from './environment.ts';
import { loadConfig, misspeltVariables } from './load.ts';
import { nodeSettings } from './node-settings.ts';
import { envKey, fileKey } from './setting.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function machine(env: Machine['env'] = {}): Machine {
  return { platform: 'linux', home: folder, isRoot: false, env: { XDG_CONFIG_HOME: folder, ...env } };
}

function load(env: Machine['env'] = {}, flags: Record<string, unknown> = {}, file?: string) {
  const where = machine(env);
  return loadConfig(controlSettings(where), { machine: where, kind: 'control', cwd: folder, flags, file });
}

function write(text: string): string {
  const path = join(folder, 'control.yaml');
  writeFileSync(path, text);
  return path;
}

describe('configuration', () => {
  it('has the promised defaults without any source', () => {
    expect(load().values).toMatchObject({ host: '127.0.0.1', port: 8080, logLevel: 'info', turnUrls: [] });
    expect(load().values.dataDir).toBe(join(folder, '.local/share/backlot'));
  });

  it('takes the command line before the environment before the file', () => {
    const file = write('port: 1001\nhost: 10.0.0.1\nlog_level: warn\n');
    const { values, origins } = load(
      { BACKLOT_HOST: '10.0.0.2', BACKLOT_PORT: '1002' },
      { port: '1003' },
      file,
    );
    expect(values).toMatchObject({ port: 1003, host: '10.0.0.2', logLevel: 'warn' });
    expect(origins.port).toEqual({ kind: 'flag' });
    expect(origins.host).toEqual({ kind: 'environment', name: 'BACKLOT_HOST' });
    expect(origins.logLevel).toEqual({ kind: 'file', path: file });
    expect(origins.adminToken).toEqual({ kind: 'default' });
  });

  it.each([
    ['on', true],
    ['Off', false],
    ['1', true],
    ['false', false],
  ])('takes %s for a switch', (word, value) => {
    expect(load({ BACKLOT_OPEN_MODE: word }).values.openMode).toBe(value);
    expect(load({}, {}, write(`open_mode: ${word}\n`)).values.openMode).toBe(value);
  });

  it.each(['90s', '5m', '2h', '1d'])('takes %s for a duration, and hands it on as it is', (text) => {
    expect(load({ BACKLOT_RUNS_ELSEWHERE_AFTER: text }).values.runsElsewhereAfter).toBe(text);
    expect(load({}, {}, write(`runs_elsewhere_after: ${text}\n`)).values.runsElsewhereAfter).toBe(text);
    const { values } = loadConfig(nodeSettings(machine({ BACKLOT_ALONE_AFTER: '9m' })), {
      machine: machine({ BACKLOT_ALONE_AFTER: '9m' }),
      kind: 'node',
      flags: { aloneAfter: text },
      cwd: folder,
    });
    expect(values.aloneAfter).toBe(text);
  });

  it.each(['30', '5 minutes', '-1s', '10ms', ''.padEnd(9, '9')])('refuses %j for a duration', (text) => {
    expect(() => load({ BACKLOT_RUNS_ELSEWHERE_AFTER: text })).toThrow(/30s, 5m or 2h|at least 1s/);
  });

  it('refuses a switch that is neither on nor off, and leaves one alone that nobody has set', () => {
    expect(() => load({ BACKLOT_OPEN_MODE: 'perhaps' })).toThrow(/it is on or off/);
    expect(load().values.openMode).toBeUndefined();
  });

  it('finds the file in the usual place by itself', () => {
    mkdirSync(join(folder, 'backlot'));
    writeFileSync(join(folder, 'backlot', 'control.yaml'), 'port: 1001\n');
    expect(load().values.port).toBe(1001);
  });

  it('takes an empty variable as not set', () => {
    expect(load({ BACKLOT_PORT: '', BACKLOT_ADMIN_TOKEN: '' }).values).toMatchObject({
      port: 8080,
      adminToken: undefined,
    });
  });

  it('refuses a key that is no setting and says which one was meant', () => {
    const file = write('prot: 1001\n');
    expect(() => load({}, {}, file)).toThrow(/sets prot, which is not a setting\. Did you mean port\?/);
    write('quite_something_else: 1\n');
    expect(() => load({}, {}, file)).toThrow(/which is not a setting\. `backlot init`/);
  });

  it.each([
    ['port: many', 'port in .* does not fit: a port is a number'],
    ['port: 70000', 'at most 65535'],
    ['port: 80.5', 'whole number'],
    ['public_url: backlot.example.com', 'write it as http'],
    ['admin_token: short', 'at least 16 characters'],
    ['database_url: mysql://x/y', 'write it as postgres'],
    ['log_level: loud', 'one of trace'],
    ['- a\n- b', 'it must consist of lines like'],
    ['port: [', 'can’t be read'],
  ])('says what is wrong with %j', (text, message) => {
    const file = write(text);
    expect(() => load({}, {}, file)).toThrow(new RegExp(message));
  });

  it('names the variable when the environment is wrong', () => {
    expect(() => load({ BACKLOT_PORT: 'x' })).toThrow(/BACKLOT_PORT in the environment/);
  });

  it('refuses a file that was named and is not there', () => {
    expect(() => load({}, {}, join(folder, 'none.yaml'))).toThrow(/can’t be read/);
  });

  it('notices a misspelt variable, and leaves others alone', () => {
    const tables = [controlSettings(machine()), nodeSettings(machine())];
    const env = { BACKLOT_PROT: '1', BACKLOT_PORT: '1', BACKLOT_BLENDER: '/opt/blender', PROT: '1' };
    expect(misspeltVariables(tables, env)).toEqual([{ name: 'BACKLOT_PROT', meant: 'BACKLOT_PORT' }]);
  });

  it('hands its values to another process unchanged', () => {
    const table = controlSettings(machine());
    const first = load(
      { BACKLOT_TURN_URLS: 'turn:a:1, turn:b:2' },
      { port: '0', publicUrl: 'https://x.example/' },
    );
    const second = loadConfig(table, {
      machine: machine(toEnvironment(table, first.values)),
      kind: 'control',
      cwd: folder,
    });
    expect(second.values).toEqual(first.values);
  });
});

describe('backlot init', () => {
  it.each(['control', 'node'] as const)('writes a %s file that changes nothing and is read back', (kind) => {
    const table = kind === 'control' ? controlSettings(machine()) : nodeSettings(machine());
    for (const language of ['en', 'zh-CN'] as const) {
      const text = configDocument(table, 'heading', language);
      expect(parse(text)).toBeNull();
      const uncommented = text.replace(/^#(?=[a-z_0-9]+: )/gm, '');
      expect(Object.keys(parse(uncommented))).toEqual(Object.keys(table).map(fileKey));
    }
  });

  it('writes examples that fit their settings', () => {
    for (const table of [controlSettings(machine()), nodeSettings(machine())]) {
      for (const [name, setting] of Object.entries(table)) {
        if (name === 'adminToken') continue;
        expect(setting.schema.safeParse(setting.example).success, name).toBe(true);
      }
    }
  });
});

it('names keys and variables as the product promises', () => {
  expect(['publicUrl', 's3AccessKey', 'turnUrls', 'dataDir'].map(fileKey)).toEqual([
    'public_url',
    's3_access_key',
    'turn_urls',
    'data_dir',
  ]);
  expect(envKey('s3SecretKey')).toBe('BACKLOT_S3_SECRET_KEY');
});

it.each([
  [{ platform: 'linux', isRoot: true }, '/var/lib/backlot'],
  [{ platform: 'linux', isRoot: false }, '/home/ada/.local/share/backlot'],
  [{ platform: 'darwin', isRoot: false }, '/home/ada/Library/Application Support/Backlot'],
] as const)('keeps data of %j in %s', (where, path) => {
  expect(defaultDataDir({ home: '/home/ada', env: {}, ...where })).toBe(path);
});
