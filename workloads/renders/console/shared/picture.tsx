import type { Artifact } from '@backlot/contract/api/artifacts';
import { useState } from 'react';
import { contentUrl } from '../queries.ts';
import classes from './picture.module.css';

/** Whether a browser can draw it; EXR it can't. */
export function isDrawable(artifact: Pick<Artifact, 'mediaType'>): boolean {
  return /^image\/(png|jpeg|webp)$/.test(artifact.mediaType);
}

interface PictureProps {
  readonly artifactId: string;
  readonly alt: string;
  readonly fit?: 'contain' | 'cover';
  readonly lazy?: boolean;
}

/**
 * A rendered picture on a chequered ground, so that transparency can be told from black. The former picture stays
 * until the next one is decoded: a film strip that is followed does not flicker.
 */
export function Picture({ artifactId, alt, fit = 'contain', lazy = false }: PictureProps) {
  const [shown, setShown] = useState(artifactId);
  return (
    <span className={classes.picture}>
      <img
        src={contentUrl(shown)}
        alt={alt}
        className={classes.image}
        data-fit={fit}
        loading={lazy ? 'lazy' : 'eager'}
        decoding="async"
      />
      {shown !== artifactId && (
        <img
          src={contentUrl(artifactId)}
          alt=""
          className={classes.next}
          onLoad={() => setShown(artifactId)}
          onError={() => setShown(artifactId)}
        />
      )}
    </span>
  );
}
