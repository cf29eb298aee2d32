import { pictureSize } from '../codecs/picture-size.ts';

/** Bytes of a configuration record before its parameter sets, in an FLV body of the classic kind. */
const CLASSIC = 5;

/** Picture size from the body of an FLV sequence header; undefined where its codec is none that we read. */
export function configPictureSize(
  body: Buffer,
  codec: string,
  enhanced: boolean,
): { width: number; height: number } | undefined {
  const record = body.subarray(enhanced ? 5 : CLASSIC);
  try {
    if (codec === 'h264') {
      // AVCDecoderConfigurationRecord: 5 bytes, count of SPS, then length and bytes of each (ISO/IEC 14496-15, 5.3.3).
      const length = record.readUInt16BE(6);
      return pictureSize('h264', record.subarray(8, 8 + length));
    }
    if (codec === 'hevc') {
      // HEVCDecoderConfigurationRecord: 22 bytes, count of arrays, then arrays of units by kind (8.3.3).
      const arrays = record.readUInt8(22);
      for (let index = 0, at = 23; index < arrays; index++) {
        const kind = record.readUInt8(at) & 63;
        const units = record.readUInt16BE(at + 1);
        at += 3;
        for (let unit = 0; unit < units; unit++) {
          const length = record.readUInt16BE(at);
          if (kind === 33) return pictureSize('hevc', record.subarray(at + 2, at + 2 + length));
          at += 2 + length;
        }
      }
    }
  } catch {
    // A record that is cut off or wrong says nothing; the picture is recorded all the same.
  }
  return undefined;
}
