/**
 * Options by which a configuration would start programs of its own (rclone.org/webdav `bearer_token_command`, /sftp `ssh`),
 * read keys from the node's disk or from its cloud, or change rclone as a whole (`global.…`, `override.…`). rclone runs in
 * the sandbox anyway; these are refused with a sentence instead of failing strangely there.
 */
const refusedKeys =
  /^(.*_command|.*_file|ssh|unix_socket|client_certificate|client_certificate_path|ca_cert|env_auth|use_msi|(override|global)\..*)$/;
/** Backends that reach something over the network, or only stand before another remote. rclone.org/overview */
const allowedTypes: ReadonlySet<string> = new Set(
  `alias azureblob azurefiles b2 box chunker cloudinary compress crypt doi drive dropbox fichier filefabric filelu filescom
  ftp gofile google-cloud-storage gcs google-photos hasher hidrive http iclouddrive imagekit internetarchive jottacloud
  koofr linkbox mailru mega memory netstorage onedrive opendrive oos pcloud pikpak pixeldrain premiumizeme protondrive
  putio qingstor quatrix s3 seafile sftp sharefile shade sia smb storj sugarsync swift tardigrade ulozto union uptobox
  webdav yandex zoho`.split(/\s+/),
);
const remoteKeys = /^(remote|remotes|upstreams)$/;
/** Values under these names say where to go, with or without a scheme. */
const addressKeys = /(^|_)(url|host|endpoint|server|address)$/;

interface Option {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}
type Read = { readonly sections: ReadonlySet<string>; readonly options: readonly Option[] };

/** @returns what is wrong with a configuration, in a few words; undefined when nothing is */
export function problemOfConfig(config: string, remote: string): string | undefined {
  const read = readConfig(config);
  if (typeof read === 'string') return read;
  const { sections, options } = read;
  for (const { name, value } of options) {
    if (value === '') continue;
    if (refusedKeys.test(name)) return `the option ${name} is not allowed`;
    if (name === 'type' && !allowedTypes.has(value.toLowerCase())) {
      return `a remote of type ${value} is not allowed`;
    }
    if (remoteKeys.test(name) && !value.split(/\s+/).every((one) => isRemoteOf(sections, one))) {
      return `${name} must name another remote of this configuration`;
    }
    if (isAddress(name, value) && hostOf(value) === undefined) return `the option ${name} is no address`;
  }
  return sections.has(remote) ? undefined : `it has no [${remote}]`;
}

/** Names and numbers of the hosts that a configuration says it will call. */
export function hostsOfConfig(config: string): string[] {
  const read = readConfig(config);
  if (typeof read === 'string') return [];
  return read.options.flatMap(({ name, value }) => {
    const host = value !== '' && isAddress(name, value) ? hostOf(value) : undefined;
    return host === undefined ? [] : [host];
  });
}

/**
 * Reads as rclone's own reader does (github.com/unknwon/goconfig): the first of "=" or ":" ends a key. What that reader
 * would take apart further, quoted keys and values and `%(other)s`, nobody needs here, and it is refused.
 */
function readConfig(config: string): Read | string {
  if (/(?![\t\r\n])\p{Cc}|\ufeff|\r(?!\n)/u.test(config)) return 'it has control characters';
  const sections = new Set<string>();
  const options: Option[] = [];
  let section: string | undefined;
  for (const raw of config.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    if (line.startsWith('[') && line.endsWith(']')) {
      section = line.slice(1, -1).trim();
      sections.add(section);
      continue;
    }
    const end = line.search(/[=:]/);
    if (section === undefined) return 'it begins with no [remote]';
    if (end < 0) return 'it has a line that is neither [remote] nor key = value';
    const [name, value] = [line.slice(0, end).trim(), line.slice(end + 1).trim()];
    if (/["`]/.test(name) || /^(`|""")/.test(value) || value.includes('%(')) {
      return 'quoted options are not allowed';
    }
    options.push({ section, name: name.toLowerCase().replaceAll('-', '_'), value });
  }
  return { sections, options };
}

/** `name:path` of a remote that the configuration has; none that is written out on the spot, and no path of the node. */
function isRemoteOf(sections: ReadonlySet<string>, value: string): boolean {
  const end = value.indexOf(':');
  return end > 0 && !/[,="'`]/.test(value) && sections.has(value.slice(0, end));
}

function isAddress(name: string, value: string): boolean {
  return addressKeys.test(name) || /^[a-z][a-z0-9+.-]*:\/\//i.test(value);
}

function hostOf(value: string): string | undefined {
  try {
    // As http, by whose rules a host in any notation becomes the usual one.
    return new URL(`http://${value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')}`).hostname.replace(
      /^\[|\]$/g,
      '',
    );
  } catch {
    return undefined;
  }
}
