"""A view of the model's folder in which the names that the model uses exist.

Inputs are read-only and named as they were uploaded; models refer to `Textures\\Wood.PNG` from another system. The
view is a folder of links to the inputs, with one more link for each reference that differs in case, slashes or folder.
Text in UTF-16, which no importer reads, becomes UTF-8.
"""

import codecs
import os
import shutil

from . import external_files, text_formats

TEXT_KINDS = {'obj', 'mtl'}


class FolderView:
    """`root` is the view, `model` the model inside of it, `missing` what it refers to and nobody brought."""

    def __init__(self, folder: str, model: str, kind: str, root: str) -> None:
        self.root = root
        self.missing: list = []
        self._folder = folder
        self._kind = kind
        _link_all(folder, root)
        self.model = os.path.join(root, os.path.relpath(model, folder))
        _to_utf8(self.model, kind)

    def provide(self) -> None:
        """Make every reference of the model resolve, or name it as missing. Raises Failure for a broken model."""
        base = os.path.dirname(self.model)
        for name, what, required in text_formats.references(self.model, self._kind):
            path = self._provide_one(base, name, what, required)
            if path is not None and what == 'material':
                _to_utf8(path, 'mtl')
                for texture, kind, needed in text_formats.textures_of_mtl(path):
                    self._provide_one(os.path.dirname(path), texture, kind, needed)

    def _provide_one(self, base: str, name: str, what: str, required: bool):
        wanted = os.path.normpath(os.path.join(base, name.replace('\\', '/')))
        if os.path.isfile(wanted):
            return wanted
        index = external_files.index(self.root)
        found = external_files.look_up(name, index)
        if found is None:
            shown = external_files.shown(name)
            if all(item['path'] != shown for item in self.missing):
                self.missing.append({'path': shown, 'kind': what, 'required': required, 'usedBy': os.path.basename(self.model)})
            return None
        # Two spellings: with the slashes of this system, and exactly as written (an importer may not translate them).
        for spelling in {wanted, os.path.join(base, name)}:
            if os.path.commonpath([self.root, os.path.normpath(spelling)]) == self.root and '\0' not in spelling:
                os.makedirs(os.path.dirname(spelling), exist_ok=True)
                if not os.path.lexists(spelling):
                    os.symlink(found, spelling)
        return wanted if os.path.isfile(wanted) else found


def _link_all(folder: str, root: str) -> None:
    os.makedirs(root, exist_ok=True)
    for base, folders, names in os.walk(folder):
        folders.sort()
        target = os.path.normpath(os.path.join(root, os.path.relpath(base, folder)))
        os.makedirs(target, exist_ok=True)
        for name in names:
            os.symlink(os.path.join(base, name), os.path.join(target, name))


def _to_utf8(path: str, kind: str) -> None:
    if kind not in TEXT_KINDS:
        return
    with open(path, 'rb') as file:
        start = file.read(4)
    for mark, encoding in ((codecs.BOM_UTF16_BE, 'utf-16'), (codecs.BOM_UTF16_LE, 'utf-16')):
        if start.startswith(mark):
            partial = path + '.utf8'
            with open(path, encoding=encoding, errors='replace') as source, open(partial, 'w', encoding='utf-8') as target:
                shutil.copyfileobj(source, target)
            os.replace(partial, path)
            return
