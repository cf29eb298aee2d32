/**
 * Rules about files as files: names, length, words of the glossary, and things that must never be written down
 * (addresses of a registry, folders of somebody's machine, notes to oneself).
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../setup/repository.mjs';
import { listFiles, reportAndExit } from './source-files.mjs';

export const longestFile = 500;

const sources = /\.(ts|tsx|mts|mjs|js|css|py)$/;
const texts = /\.(ts|tsx|mts|mjs|js|css|py|md|json|ya?ml|sh|service|html|svg|toml)$|(^|\/)(Dockerfile|run)$/;

/** Folders and files that say nothing about what is in them. */
const emptyNames = /^(utils?|helpers?|misc|common-utils|manager2|stuff)(\.|$)/;

/** Words with one agreed form. The lint's own tables are the only place where the others may stand. */
const words = [
  [/\bcancelled\b/i, 'canceled'],
  [/\b(black|white)[- ]?list/i, 'blocklist or allowlist'],
  [/结点/, '节点'],
  [/登陆/, '登录'],
  [/帐[号户]/, '账号、账户'],
  [/工件/, '产物'],
];

/** Files that speak another system's language, where its words have to stay. */
const foreign = [
  // `GET /api/tasks/{id}/status` answers with the states of the render orchestration system that came before.
  /^workloads\/renders\/(contract\/api|control\/renders\/legacy-status)(\.test)?\.ts$/,
];

/** The names are put together, so that this file does not break its own rule. */
const neverWritten = [
  [
    new RegExp(`registry\\.(${['npmjs', 'yarnpkg', 'npmmirror'].join('|')})\\.`),
    'Never name the host of a package registry.',
  ],
  [/(^|[\s'"`(=])\/(work|root)\/[a-z]/, 'Never write a path of one machine into the project.'],
  [/\/tmp\/(bash|board|claude)/, 'Never write a path of one machine into the project.'],
  [
    new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`),
    'Finish it, or write an issue; notes to oneself do not go in.',
  ],
  [new RegExp(`@ts-(${['ignore', 'nocheck'].join('|')})`), 'Give it a type.'],
];

/**
 * @param {string} path
 * @param {string} text
 * @returns {{ path: string, line?: number, message: string }[]}
 */
export function checkFile(path, text) {
  const problems = [...checkName(path)];
  const lines = text.split('\n');
  if (sources.test(path) && lines.length - 1 > longestFile) {
    problems.push({
      path,
      message: `It has ${lines.length - 1} lines; past ${longestFile} a file wants splitting.`,
    });
  }
  if (!texts.test(path) || path.startsWith('scripts/lint/')) return problems;
  const agreed = foreign.some((pattern) => pattern.test(path)) ? [] : words;
  lines.forEach((line, index) => {
    for (const [pattern, instead] of agreed) {
      if (pattern.test(line))
        problems.push({ path, line: index + 1, message: `The glossary's word is ${instead}.` });
    }
    for (const [pattern, message] of neverWritten) {
      if (pattern.test(line)) problems.push({ path, line: index + 1, message });
    }
  });
  return problems;
}

function* checkName(path) {
  for (const part of path.split('/')) {
    if (emptyNames.test(part)) yield { path, message: `${part} says nothing about what is in it.` };
  }
  const name = basename(path);
  if (!sources.test(name)) return;
  const stem = name
    .replace(/\.(test|chaos|fixture|module|config|d|bench)(?=\.)/g, '')
    .replace(/\.[a-z]+$/, '');
  const python = name.endsWith('.py');
  const fits = python ? /^(__init__|[a-z][a-z0-9_]*)$/ : /^\$?[a-z0-9]+(-[a-z0-9]+)*$/;
  if (!fits.test(stem)) yield { path, message: `Name it in ${python ? 'snake_case' : 'kebab-case'}.` };
}

/** @param {string} folder of the repository */
export function checkRepository(folder) {
  return listFiles(folder)
    .filter((path) => path !== 'package-lock.json' && (texts.test(path) || sources.test(path)))
    .flatMap((path) => checkFile(path, readFileSync(`${folder}/${path}`, 'utf8')));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) reportAndExit(checkRepository(root));
