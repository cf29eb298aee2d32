import type { NamedFile } from './upload-list.ts';

/** Files that no model needs and that every system scatters. */
const isClutter = (name: string) => name === '.DS_Store' || name === 'Thumbs.db' || name.startsWith('._');

/** The files of a drop, folders with all that is in them. Must be called while the event is being handled. */
export async function readDrop(transfer: DataTransfer): Promise<NamedFile[]> {
  // The list is emptied as soon as the handler returns: take the entries out first.
  const entries = [...transfer.items].flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? []) : [],
  );
  if (entries.length === 0) return [...transfer.files].map((file) => ({ path: file.name, file }));
  const found = await Promise.all(entries.map((entry) => readEntry(entry)));
  return found.flat();
}

/** The files of an `<input type="file">`, with their paths when a folder was chosen. */
export function readInput(input: HTMLInputElement): NamedFile[] {
  return [...(input.files ?? [])]
    .filter((file) => !isClutter(file.name))
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function readEntry(entry: FileSystemEntry): Promise<NamedFile[]> {
  if (isClutter(entry.name)) return [];
  if (entry.isFile && 'file' in entry) {
    const fileEntry = entry as FileSystemFileEntry;
    const file = await new Promise<File>((resolve, reject) => fileEntry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  // A reader gives a hundred entries at a time and then none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    children.push(...some);
  }
  return (await Promise.all(children.map(readEntry))).flat();
}
