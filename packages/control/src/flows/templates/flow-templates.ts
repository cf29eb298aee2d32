import type { FlowTemplate } from '@backlot/contract';

type Template = Pick<FlowTemplate, 'name' | 'title' | 'summary' | 'text'>;

const archive: Template = {
  name: 'broadcast-archive',
  title: {
    en: 'Broadcast: film, upload, verify, delete, tell',
    'zh-CN': '直播存档：合并、上传、校验、删除、通知',
  },
  summary: {
    en: 'Joins a broadcast to one MP4, uploads it, and deletes the local bytes once the copy is verified.',
    'zh-CN': '将一场直播合并为 MP4 并上传，副本校验通过后删除本地文件。',
  },
  text: `version: 1
name: Archive broadcasts
description: Every broadcast becomes a film, goes to the archive, and leaves the recorder only when its copy is verified.
trigger:
  kind: recordings.broadcast-ended
steps:
  # All segments of all takes, copied without encoding anew. Several films when the source changed its codec.
  - id: film
    kind: recordings.join
    in: { segments: trigger.segments }
  - id: part
    kind: flow.for-each
    in: { files: film.films }
  - id: upload
    kind: deliveries.upload
    within: part
    in: { file: part.file }
    # Set the target; the path may use what the trigger knows.
    with:
      target: ''
      path: '{{trigger.channel}}/{{date(trigger.startedAt)}} {{time(trigger.startedAt)}} {{trigger.title}} {{part.index + 1}}.mp4'
  - id: verify
    kind: deliveries.verify
    within: part
    in: { file: part.file, copy: upload.copy }
  # Refused unless a verified copy is sure. What is deleted can be taken back for a day.
  - id: clean
    kind: flow.delete
    in: { files: [trigger.segments, film.films] }
    after: [part]
  - id: tell
    kind: deliveries.notify
    with: { target: '', text: '{{trigger.title}} is in the archive.' }
    after: [clean]
  - id: sorry
    kind: deliveries.notify
    with: { target: '', text: '{{trigger.title}} could not be archived; it is still on the recorder.' }
    after: [part.error]
`,
};

const withChat: Template = {
  name: 'broadcast-chat',
  title: {
    en: 'Broadcast with its chat: film, chat burnt in, upload',
    'zh-CN': '直播弹幕版：合并、压制弹幕、上传',
  },
  summary: {
    en: 'Joins a broadcast, draws its chat flying over the picture where the recorder has written it down, and uploads the film.',
    'zh-CN': '合并一场直播，将录制器保存的弹幕压制到画面上，然后上传。',
  },
  text: `version: 1
name: Broadcasts with chat
description: Every broadcast becomes a film with its chat over the picture. What was recorded stays where it is.
trigger:
  kind: recordings.broadcast-ended
steps:
  # Chat is there where BililiveRecorder records. How much of the picture it may cover: quarter, half, whole.
  - id: film
    kind: recordings.join
    in: { segments: trigger.segments, chat: trigger.chat }
    with: { chatArea: half }
  # Encoded anew, because the picture is another one; without chat it is the film alone. A broadcast of several parts has no
  # one film, and is left out here. A film without its chat would not be what was wanted: no fallback.
  - id: burnt
    kind: transcodes.transcode
    in: { film: film.film, subtitles: film.subtitles }
    with: { settings: { rate: { mode: crf, quality: 21 }, fallback: fail } }
  # Set the target.
  - id: upload
    kind: deliveries.upload
    in: { file: burnt.film }
    with:
      target: ''
      path: '{{trigger.channel}}/{{date(trigger.startedAt)}} {{time(trigger.startedAt)}} {{trigger.title}} (chat).mp4'
  - id: verify
    kind: deliveries.verify
    in: { file: burnt.film, copy: upload.copy }
`,
};

const transcode: Template = {
  name: 'transcode-upload',
  title: { en: 'Transcode and upload', 'zh-CN': '转码并上传' },
  summary: { en: 'Makes a smaller film of a file and uploads it.', 'zh-CN': '将文件转码后上传。' },
  text: `version: 1
name: Transcode and upload
trigger:
  kind: flow.manual
steps:
  - id: smaller
    kind: transcodes.transcode
    in: { film: trigger.file }
  - id: upload
    kind: deliveries.upload
    in: { file: smaller.film }
    with: { target: '', path: '{{inputs.file.name}}' }
  - id: verify
    kind: deliveries.verify
    in: { file: smaller.film, copy: upload.copy }
`,
};

const contactSheet: Template = {
  name: 'contact-sheet',
  title: { en: 'Contact sheet and message', 'zh-CN': '预览拼图并通知' },
  summary: {
    en: 'A picture of many moments of a film, and a message.',
    'zh-CN': '生成多帧预览拼图并发送通知。',
  },
  text: `version: 1
name: Contact sheet
trigger:
  kind: flow.artifact
  with: { mediaType: video/ }
steps:
  - id: sheet
    kind: transcodes.contact-sheet
    in: { film: trigger.file }
  - id: tell
    kind: deliveries.notify
    with: { target: '', text: 'A contact sheet of {{trigger.name}} is ready.' }
    after: [sheet]
`,
};

const render: Template = {
  name: 'render-upload',
  title: { en: 'Render done: upload', 'zh-CN': '渲染完成后上传' },
  summary: { en: 'Uploads the film and the frames of a render.', 'zh-CN': '渲染完成后上传影片和各帧。' },
  text: `version: 1
name: Upload renders
trigger:
  kind: renders.render-done
steps:
  - id: each
    kind: flow.for-each
    in: { files: [trigger.film, trigger.frames] }
  - id: upload
    kind: deliveries.upload
    within: each
    in: { file: each.file }
    with: { target: '', path: 'renders/{{trigger.title}}/{{each.file.name}}' }
  - id: verify
    kind: deliveries.verify
    within: each
    in: { file: each.file, copy: upload.copy }
`,
};

const room: Template = {
  name: 'room-upload',
  title: { en: 'Room recording: upload', 'zh-CN': '房间录制后上传' },
  summary: { en: 'Uploads the recording of a room when it is done.', 'zh-CN': '房间录制完成后上传。' },
  text: `version: 1
name: Upload room recordings
trigger:
  kind: rooms.recording-done
steps:
  - id: each
    kind: flow.for-each
    in: { files: [trigger.tracks, trigger.manifest] }
  - id: upload
    kind: deliveries.upload
    within: each
    in: { file: each.file }
    with: { target: '', path: 'rooms/{{trigger.room}}/{{trigger.recordingId}}/{{each.file.name}}' }
  - id: verify
    kind: deliveries.verify
    within: each
    in: { file: each.file, copy: upload.copy }
`,
};

/** Flows to begin with. Their kinds come from workloads that an installation may lack: see `offeredTemplates`. */
export const flowTemplates: readonly Template[] = [archive, withChat, transcode, contactSheet, render, room];
