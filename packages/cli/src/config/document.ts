import type { Language } from '@backlot/contract/phrase';
import { isMap, isScalar, parseDocument } from 'yaml';
import { envKey, fileKey, type Settings } from './setting.ts';

/**
 * A configuration file with every setting in it, explained and commented out, so that it changes nothing until
 * somebody removes a `#`. `values` are written without it.
 */
export function configDocument(
  table: Settings,
  heading: string,
  language: Language,
  values: Readonly<Record<string, string>> = {},
): string {
  const lines = [...wrap(heading, 100).map((line) => `# ${line}`), ''];
  for (const [name, setting] of Object.entries(table)) {
    const words =
      language === 'zh-CN'
        ? { variable: '环境变量', default: '默认' }
        : { variable: 'also', default: 'default' };
    lines.push(...wrap(setting.help[language], 100).map((line) => `# ${line}`));
    lines.push(`# (${words.variable} ${envKey(name)}; ${words.default}: ${setting.defaultText})`);
    const value = values[name];
    lines.push(value === undefined ? `#${scalarLine(name, setting.example)}` : scalarLine(name, value), '');
  }
  return lines.join('\n');
}

/** `key: value` with the quotes that the value needs. */
function scalarLine(name: string, value: string): string {
  const document = parseDocument(`${fileKey(name)}: x`);
  if (isMap(document.contents)) {
    const [pair] = document.contents.items;
    if (pair && isScalar(pair.value)) pair.value.value = /^\d+$/.test(value) ? Number(value) : value;
  }
  return document.toString({ lineWidth: 0 }).trimEnd();
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
