/** Complete commands for a new machine. All parts are ours: an address that was parsed as a URL, and a token of base64url. */
export interface JoinCommands {
  readonly linux: string;
  readonly windows: string;
  readonly docker: string;
}

/** Name of the container image that releases are published under. */
const IMAGE = 'backlot/backlot';

/**
 * The commands to paste on a new machine. The token stands in a variable, so that it is not in the argument list
 * that every user of the machine can read.
 */
export function joinCommands(publicUrl: string, secret: string): JoinCommands {
  const url = new URL(publicUrl).toString().replace(/\/$/, '');
  return {
    linux: `BACKLOT_JOIN_TOKEN=${secret} backlot node --join '${url}'`,
    windows: `$env:BACKLOT_JOIN_TOKEN='${secret}'; backlot node --join '${url}'`,
    docker: [
      'docker run -d --restart unless-stopped --name backlot-node',
      `-e BACKLOT_JOIN_TOKEN=${secret}`,
      '-v backlot-node:/var/lib/backlot',
      `${IMAGE} node --join '${url}'`,
    ].join(' '),
  };
}
