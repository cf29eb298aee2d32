/**
 * Whether the table of `Me.permissions` (per project id, `*` for everywhere) holds a permission. Without a
 * project it is enough to hold it in any: the page then asks for the project when it is needed.
 */
export function permitted(
  permissions: Readonly<Record<string, readonly string[]>>,
  permission: string,
  projectId: string | undefined,
): boolean {
  if (permissions['*']?.includes(permission)) return true;
  if (projectId !== undefined) return permissions[projectId]?.includes(permission) ?? false;
  return Object.values(permissions).some((held) => held.includes(permission));
}
