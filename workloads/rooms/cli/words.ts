import { z } from 'zod';

/** A room on the command line: its name, or its id. */
export const RoomName = z.string().min(1).max(100);
export const roomArgument = {
  name: 'room',
  description: { en: 'Name or id of the room', 'zh-CN': '房间名称或编号' },
};
