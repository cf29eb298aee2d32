"""Files outside of the model: found again where they moved to, packed into the scene, or named as missing."""

import os

import bpy

#: A texture can be left out (the picture shows magenta), a library can't be made up.
REQUIRED = {'library'}


def resolve(folder: str) -> list:
    """Point every external file to what lies in `folder`, reload it, and return what is still missing.

    Models keep paths of the machine they were made on (`C:\\art\\Wood.PNG`). The longest tail of such a path that
    exists below the folder, without regard to case, is taken.
    """
    files = index(folder)
    missing: list = []
    for library in list(bpy.data.libraries):
        _resolve(library, 'library', files, missing)
    for image in list(bpy.data.images):
        if image.source in {'FILE', 'SEQUENCE', 'MOVIE', 'TILED'} and image.packed_file is None and image.filepath:
            _resolve(image, 'image', files, missing)
    for font in list(bpy.data.fonts):
        if font.filepath and font.filepath != '<builtin>' and font.packed_file is None:
            _resolve(font, 'font', files, missing)
    for kind, blocks in (('cache', bpy.data.cache_files), ('volume', bpy.data.volumes), ('clip', bpy.data.movieclips)):
        for block in list(blocks):
            if block.filepath:
                _resolve(block, kind, files, missing)
    return sorted({item['path']: item for item in missing}.values(), key=lambda item: item['path'])


def _resolve(block: bpy.types.ID, kind: str, files: dict, missing: list) -> None:
    original = block.filepath
    here = bpy.path.abspath(original, library=getattr(block, 'library', None))
    if _exists(here, block):
        return
    found = look_up(original, files)
    if found is None:
        missing.append({'path': shown(original), 'kind': kind, 'required': kind in REQUIRED, 'usedBy': block.name[:120]})
        return
    block.filepath = found
    try:
        block.reload()
    except (RuntimeError, AttributeError):
        pass  # fonts and volumes have no reload: they are read when they are first used


def _exists(path: str, block: bpy.types.ID) -> bool:
    if getattr(block, 'source', '') == 'TILED':
        path = path.replace('<UDIM>', '1001').replace('<UVTILE>', 'u1_v1')
    return os.path.isfile(path)


def index(folder: str) -> dict:
    """Every file below the folder by its lower-case relative path."""
    files: dict = {}
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            files.setdefault(os.path.relpath(path, folder).lower(), path)
    return files


def look_up(original: str, files: dict):
    """The file that a path of another machine means: the longest tail that is here, else the only one of its name."""
    parts = [part for part in original.replace('\\', '/').lower().split('/') if part not in ('', '.', '..')]
    for start in range(len(parts)):
        tail = '/'.join(parts[start:])
        if tail in files:
            return files[tail]
        if start == len(parts) - 1:
            # Only the name is left: take it from any folder, if that is not a choice between several.
            same = [path for relative, path in files.items() if relative.rsplit('/', 1)[-1] == tail]
            return same[0] if len(same) == 1 else None
    return None


def shown(original: str) -> str:
    """The name a person may upload the file under: no drive, no `//`, no way up, forward slashes."""
    parts = original.replace('\\', '/').split('/')
    kept = [part for part in parts if part not in ('', '.', '..') and not part.endswith(':')]
    # An absolute path says nothing about where the file belongs next to the model; its last two parts do.
    absolute = original.startswith('/') and not original.startswith('//') or ':' in original[:3]
    return '/'.join(kept[-1:] if absolute else kept)[:400] or 'unnamed'


def pack() -> bool:
    """Pack what can be packed. True when something stays outside, so that frames need the model's own files too."""
    for image in bpy.data.images:
        if image.packed_file is None and image.source == 'FILE' and image.filepath:
            try:
                image.pack()
            except RuntimeError:
                pass  # missing: it is in the list of missing files already
    for font in bpy.data.fonts:
        if font.filepath not in ('', '<builtin>') and font.packed_file is None:
            try:
                font.pack()
            except RuntimeError:
                pass
    outside = [*bpy.data.libraries, *bpy.data.cache_files, *bpy.data.volumes, *bpy.data.movieclips]
    moving = [image for image in bpy.data.images if image.source in {'SEQUENCE', 'MOVIE', 'TILED'}]
    return bool(outside or [image for image in moving if image.packed_file is None])
