import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Page } from 'playwright-core';

/** Drops files onto the page as a person does from a folder window: real drag events with real files. */
export async function dropFiles(
  page: Page,
  files: readonly (string | { name: string; bytes: Buffer })[],
): Promise<void> {
  const given = await Promise.all(
    files.map(async (file) =>
      typeof file === 'string'
        ? { name: basename(file), base64: (await readFile(file)).toString('base64') }
        : { name: file.name, base64: file.bytes.toString('base64') },
    ),
  );
  // A string, because the page's globals are not the test's.
  await page.evaluate(`(async (files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    const target = document.getElementById('content');
    for (const type of ['dragenter', 'dragover', 'drop']) {
      target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
  })(${JSON.stringify(given)})`);
}
