import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../setup/repository.mjs';

/**
 * Writes the licences of every package whose code is in the bundles, as most of them ask for.
 * @param {string} out
 * @param {readonly string[]} inputs paths of bundled files
 */
export async function writeThirdPartyLicences(out, inputs) {
  const folders = new Set(inputs.flatMap((path) => packageOf(path) ?? []));
  const sections = [];
  for (const folder of [...folders].sort()) {
    const manifest = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const names = await readdir(join(root, folder));
    const licence = names.find((name) => /^(licen[cs]e|copying)/i.test(name));
    const text = licence
      ? await readFile(join(root, folder, licence), 'utf8')
      : `Licence: ${manifest.license}`;
    sections.push(`${manifest.name} ${manifest.version}\n${'-'.repeat(60)}\n${text.trim()}\n`);
  }
  await writeFile(join(out, 'THIRD-PARTY-LICENCES.txt'), sections.join('\n\n'));
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` -> `node_modules/a/node_modules/@b/c` */
function packageOf(path) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll('\\', '/'))?.[1];
}
