/** How a container marks off the units of one picture: by their lengths before them, or by start codes between them. */
export type Framing = 'lengths' | 'start-codes';

/** What has to be known of a track to bring its packets to the form of another file's. */
export interface TrackForm {
  readonly codec: string;
  readonly framing: Framing;
}

/** What makes equal frames of two files equal bytes. */
export interface CommonForm {
  /** A bitstream filter of ffmpeg for the packets of each side; undefined takes them as they lie in the file. */
  readonly source: string | undefined;
  readonly output: string | undefined;
  /** What the filters take out of both sides, and so nobody compares; in words for people. */
  readonly leftOut: string | undefined;
  /** The codec's set-up is copied as it is by every muxer, so that a difference is damage. */
  readonly sameSetup: boolean;
}

/** Containers whose H.264, H.265 and AAC carry no marks in band. Everything else is taken for a stream. */
const lengthContainers = /\b(mp4|mov|matroska|webm|flv)\b/;

/** How a container frames its packets. @param avc what ffprobe says of H.264 itself, which some containers hold both ways */
export function framingOf(formatName: string, avc?: string): Framing {
  if (avc === 'true') return 'lengths';
  if (avc === 'false') return 'start-codes';
  return lengthContainers.test(formatName) ? 'lengths' : 'start-codes';
}

const raw: CommonForm = { source: undefined, output: undefined, leftOut: undefined, sameSetup: false };

/**
 * The form in which the packets of a track and of its copy are compared. Nothing is filtered where both files write a
 * packet alike: each unit left out is one that could be damaged unseen. Pure.
 *
 * Types of units: H.264 table 7-1, H.265 table 7-1, AV1 section 6.2.2. The filter writes every unit behind a start code
 * of its own making, whatever was there before, and takes zeros away that fill up the end of a unit.
 */
export function commonForm(source: TrackForm, output: TrackForm): CommonForm {
  const mixed = source.framing !== output.framing;
  const inLengths = !mixed && source.framing === 'lengths';
  switch (source.codec) {
    case 'h264':
      if (inLengths) return { ...raw, sameSetup: true };
      // Into a transport stream the muxer puts the parameter sets before each keyframe; out of one, they stay in band.
      return output.framing === 'start-codes' && mixed
        ? without('7-9', 'parameter sets and access unit delimiters within the stream')
        : without('9', 'access unit delimiters');
    case 'hevc':
      if (inLengths) return raw;
      // mp4 marked `hvc1`, which players want, may have no parameter sets in band: the muxer takes them out. Into a stream they
      // come back before each keyframe, together with the messages that mp4 keeps beside them.
      return output.framing === 'start-codes' && mixed
        ? without('32-35|39', 'parameter sets, delimiters and messages within the stream')
        : without('32-35', 'parameter sets and access unit delimiters within the stream');
    case 'av1':
      // Muxers of mp4 and Matroska drop these, and whether the source's did is not known.
      return without('2|7|8|15', 'temporal delimiters, repeated headers and padding');
    case 'aac':
      if (!mixed) return raw;
      return {
        ...raw,
        source: source.framing === 'start-codes' ? 'aac_adtstoasc' : undefined,
        output: output.framing === 'start-codes' ? 'aac_adtstoasc' : undefined,
        leftOut: 'ADTS headers',
      };
    default:
      return raw;
  }
}

function without(types: string, leftOut: string): CommonForm {
  const filter = `filter_units=remove_types=${types}`;
  return { source: filter, output: filter, leftOut, sameSetup: false };
}
