import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BacklotError, toProblem } from './errors/catalogue.ts';
import { cliErrors } from './errors/cli.ts';
import { kernelErrors } from './errors/kernel.ts';
import { sayNoun } from './nouns.ts';

const root = join(import.meta.dirname, '../../..');

/** The source of every package and workload, without tests and what was built. */
function* sources(): Generator<string> {
  for (const folder of ['packages', 'workloads']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !/(?<!\.test)\.ts$/.test(path)) continue;
      if (/[\\/](node_modules|dist|testkit)[\\/]/.test(path)) continue;
      yield readFileSync(path, 'utf8');
    }
  }
}

/** How code says what was not found: a literal parameter, one of the short functions, or a table's name. */
const sayings = [
  /not_found, \{\s*params: \{ what: '([^']+)'/g,
  /\b(?:notFound|pick|findByName)\(\s*'([^']+)'/g,
  /\bREFERENCES (\w+)/g,
];

const used = new Set<string>();
for (const source of sources()) {
  for (const saying of sayings) for (const [, what] of source.matchAll(saying)) if (what) used.add(what);
}

describe('what was not found', () => {
  it('is found in the code, so that the test below tests something', () => {
    for (const what of ['job', 'node', 'member', 'join token', 'account', 'token'])
      expect([...used]).toContain(what);
  });

  it.each([...used].sort())('%s has a word in each language', (what) => {
    // Webhook is the word in Chinese too: see the console's glossary.
    expect(sayNoun(what, 'zh-CN')).toMatch(/^(\p{Script=Han}+|(流程 )?Webhook)$/u);
    expect(sayNoun(what, 'en')).toMatch(/^[a-z ]+$/);
  });

  it('is said in the language of the reader, and told to programs as it is', () => {
    const missing = new BacklotError(kernelErrors.not_found, { params: { what: 'node', id: '7' } });
    expect(missing.message).toBe('There is no node 7, or you may not see it. Check the id and the project.');
    expect(missing.sentence('zh-CN')).toBe('没有找到节点 7，或者您无权查看。请检查编号和项目。');
    expect(toProblem(missing, 'zh-CN').params).toEqual({ what: 'node', id: '7' });

    const params = { name: 'chair', what: 'model', matches: 'chair (1), chair (2)' };
    const several = new BacklotError(cliErrors.ambiguous_name, { params });
    expect(several.sentence('zh-CN')).toContain('对应多个模型：');
    expect(several.sentence('en')).toMatch(/^More than one model fits chair: /);
  });

  it('stays what it is where it has no word, and is never looked up in a prototype', () => {
    expect(sayNoun('sundial', 'zh-CN')).toBe('sundial');
    expect(sayNoun('constructor', 'en')).toBe('constructor');
  });

  it('names tables and routes by words, not by how they are spelled', () => {
    expect(sayNoun('renders_model', 'en')).toBe('model');
    expect(sayNoun('join-token', 'zh-CN')).toBe('接入令牌');
  });
});
