import { z } from 'zod';

export const THUMBNAIL_TASK = 'transcodes.thumbnail';
export const SHEET_TASK = 'transcodes.contact-sheet';

export const pictureFormats = ['jpeg', 'webp'] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** When: a share of the film (`10%`), or a time from its beginning (`90`, `1:30`, `0:01:30.5`). */
export const PictureTime = z
  .string()
  .regex(
    /^(\d{1,3}(\.\d{1,3})?%|\d{1,7}(\.\d{1,3})?|(\d{1,3}:)?\d{1,3}:\d{2}(\.\d{1,3})?)$/,
    'A time is a share ("10%"), seconds ("90") or "h:mm:ss".',
  );

const width = z.number().int().min(16).max(3_840);

export const ThumbnailParameters = z.object({
  at: z.array(PictureTime).min(1).max(50).default(['10%']),
  format: z.enum(pictureFormats).default('jpeg'),
  /** Pixels; the picture is never enlarged, its height follows. */
  width: width.default(640),
  /** Looks a little further on while the picture is black, as films begin with. */
  avoidBlack: z.boolean().default(true),
});
export type ThumbnailParameters = z.infer<typeof ThumbnailParameters>;

export const SheetParameters = z.object({
  columns: z.number().int().min(1).max(12).default(4),
  rows: z.number().int().min(1).max(12).default(4),
  /** Pixels of one picture of the grid. */
  width: width.max(960).default(320),
  format: z.enum(pictureFormats).default('jpeg'),
  /** Writes the time into each picture. */
  timestamps: z.boolean().default(true),
});
export type SheetParameters = z.infer<typeof SheetParameters>;

export const PictureFacts = z.object({
  name: z.string(),
  /** From the film's beginning. Milliseconds. */
  atMs: z.number(),
  width: z.number().int(),
  height: z.number().int(),
  /** Mean of the brightness, 0 black to 255 white. */
  brightness: z.number(),
});
export const ThumbnailResult = z.object({ pictures: z.array(PictureFacts).max(50) });
export type ThumbnailResult = z.infer<typeof ThumbnailResult>;

export const SheetResult = z.object({
  width: z.number().int(),
  height: z.number().int(),
  /** Pictures in the grid; fewer than it has places when the film has fewer. */
  pictures: z.number().int(),
  /** Whether times could be written: a machine without a font has none. */
  timestamps: z.boolean(),
});
export type SheetResult = z.infer<typeof SheetResult>;
