export { DropTarget } from './drop-target.tsx';
export { readInput } from './read-drop.ts';
export { type NamedFile, totalProgress, type Upload, UploadList } from './upload-list.ts';
export { UploadRows } from './upload-rows.tsx';
export { uploadList, useUploads } from './use-uploads.ts';
