/** Azimuth in -180..180, whole degrees. */
export function normalizeAzimuth(degrees: number): number {
  const turned = ((((Math.round(degrees) + 180) % 360) + 360) % 360) - 180;
  // -180 and 180 are the same place; one of them is enough.
  return turned === -180 ? 180 : turned;
}

/** The dial shows from the horizon to straight above; below it one types. */
export function clampElevation(degrees: number): number {
  return Math.min(89, Math.max(0, Math.round(degrees)));
}

/** Where a camera is on the dial, in -1..1: the front of the model is towards the bottom of the page. */
export function placeOnOrbit(azimuth: number, elevation: number): { x: number; y: number } {
  const radius = 1 - Math.min(90, Math.max(0, elevation)) / 90;
  const angle = (azimuth * Math.PI) / 180;
  return { x: radius * Math.sin(angle), y: radius * Math.cos(angle) };
}

/** The angles of a place on the dial. */
export function angleAt(x: number, y: number): { azimuth: number; elevation: number } {
  const radius = Math.min(1, Math.hypot(x, y));
  return {
    azimuth: normalizeAzimuth((Math.atan2(x, y) * 180) / Math.PI),
    elevation: clampElevation((1 - radius) * 90),
  };
}
