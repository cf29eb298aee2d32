import { ActionIcon, Button } from '@mantine/core';
import { IconCheck, IconFile, IconX } from '@tabler/icons-react';
import { useFormat } from '../format/index.ts';
import { useGlossary } from '../i18n/glossary.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Progress } from '../parts/progress.tsx';
import type { Upload, UploadList } from './upload-list.ts';
import classes from './upload-rows.module.css';

export const uploadTexts = defineTexts('uploads', {
  list: { en: 'Files', 'zh-CN': '文件' },
  waiting: { en: 'waits for its turn', 'zh-CN': '等待上传' },
  reading: { en: 'is being read', 'zh-CN': '读取中' },
  known: { en: 'was here already', 'zh-CN': '已存在，无需上传' },
  done: { en: 'uploaded', 'zh-CN': '已上传' },
  left: { en: '{{time}} left', 'zh-CN': '剩余 {{time}}' },
  remove: { en: 'Remove {{name}}', 'zh-CN': '移除 {{name}}' },
  progress: { en: 'Upload of {{name}}', 'zh-CN': '{{name}} 的上传进度' },
});

interface UploadRowsProps {
  readonly list: UploadList;
  readonly uploads: readonly Upload[];
}

/** Each file with how far it is, how fast, and what went wrong. */
export function UploadRows({ list, uploads }: UploadRowsProps) {
  const say = useTexts(uploadTexts);
  return (
    <ul className={classes.rows} aria-label={say('list')}>
      {uploads.map((upload) => (
        <UploadRow key={upload.id} upload={upload} list={list} />
      ))}
    </ul>
  );
}

function UploadRow({ upload, list }: { readonly upload: Upload; readonly list: UploadList }) {
  const say = useTexts(uploadTexts);
  const word = useGlossary();
  const moving = upload.state === 'reading' || upload.state === 'sending';
  return (
    <li className={classes.row}>
      <span className={classes.icon} data-state={upload.state} aria-hidden="true">
        {upload.state === 'done' ? <IconCheck size={15} /> : <IconFile size={15} />}
      </span>
      <div className={classes.body}>
        <div className={classes.line}>
          <span className={classes.name} title={upload.path}>
            {upload.path}
          </span>
          <Said upload={upload} />
        </div>
        {moving && (
          <Progress
            fraction={upload.size > 0 ? upload.done / upload.size : null}
            tone={upload.state === 'reading' ? 'done' : 'running'}
            label={say('progress', { name: upload.path })}
          />
        )}
        {upload.state === 'failed' && (
          <div className={classes.line}>
            <ProblemNotice error={upload.error} inline />
            <Button size="compact-xs" variant="default" onClick={() => list.retry(upload.id)}>
              {word('do.retry')}
            </Button>
          </div>
        )}
      </div>
      <ActionIcon
        size="sm"
        aria-label={say('remove', { name: upload.path })}
        onClick={() => list.remove(upload.id)}
      >
        <IconX size={14} aria-hidden="true" />
      </ActionIcon>
    </li>
  );
}

/** The one thing about a file that one wants to know now. */
function Said({ upload }: { readonly upload: Upload }) {
  const say = useTexts(uploadTexts);
  const format = useFormat();
  const size = format.bytes(upload.size);
  if (upload.state === 'waiting' || upload.state === 'reading') {
    return (
      <span className="dim nowrap">
        {size} · {say(upload.state)}
      </span>
    );
  }
  if (upload.state === 'done') {
    return (
      <span className="dim nowrap">
        {size} · {say(upload.sent ? 'done' : 'known')}
      </span>
    );
  }
  if (upload.state === 'failed') return <span className="dim nowrap">{size}</span>;
  const left = upload.rate ? ((upload.size - upload.done) / upload.rate) * 1000 : null;
  return (
    <span className="dim nowrap">
      {format.bytes(upload.done)} / {size}
      {upload.rate !== null && ` · ${format.rate(upload.rate)}`}
      {left !== null && ` · ${say('left', { time: format.duration(left) })}`}
    </span>
  );
}
