/**
 * Keeping viewers without input. Input travels by a data channel, peer to peer, where no server sees it; what the server
 * does see is the negotiation, and without an accepted `m=application` section there is no SCTP association and so no
 * channel. A streamer is asked not to offer one (`playerConnected.dataChannel: false`). Where it offers one all the same
 * (older engines), the section is rejected in the viewer's answer; and viewers may not offer one themselves.
 *
 * Which sections are already rejected is not judged here: port zero alone is no rejection (with `a=bundle-only` it is a
 * section of the bundle like any other, RFC 8843), and engines read descriptions more loosely than the standards say.
 *
 * What this can't do: an application that takes input by another way (its own web page, a gamepad on the machine).
 */

const line = /\r\n|\n|\r/;

const dataSection = /^m=application/i;

/** Whether a session description has a section for data channels, whatever it says of itself. */
export function hasDataSection(sdp: string): boolean {
  return sdp.split(line).some((text) => dataSection.test(text));
}

/**
 * The answer with every data section rejected: port zero (RFC 3264 §6) and out of the bundle (RFC 8843 §7.3.3). Media
 * sections are untouched; those that were bundled with it have the same transport parameters of their own.
 */
export function rejectDataChannel(sdp: string): string {
  const out: string[] = [];
  const rejected = new Set<string>();
  let inData = false;
  for (const text of sdp.split(line)) {
    if (text.startsWith('m=')) {
      inData = dataSection.test(text);
      out.push(inData ? text.replace(/^m=application\S*\s*\S*/i, 'm=application 0') : text);
      continue;
    }
    if (inData && text.startsWith('a=mid:')) rejected.add(text.slice('a=mid:'.length).trim());
    // libwebrtc knows `a=bundle-only` by its beginning.
    if (inData && (text.startsWith('a=bundle-only') || text.startsWith('a=candidate:'))) continue;
    out.push(text);
  }
  return out
    .map((text) => (text.startsWith('a=group:BUNDLE') ? withoutMids(text, rejected) : text))
    .join('\r\n');
}

function withoutMids(group: string, mids: ReadonlySet<string>): string {
  return group
    .split(' ')
    .filter((mid) => !mids.has(mid))
    .join(' ');
}
