"""Reads the text of a model before Blender's importer does: is it whole, and which files does it name?

Importers skip what they don't understand and say nothing: a face that refers to a vertex that isn't there, a material
library with another name, a texture on another machine. Here it becomes a sentence, or a name in a list.
"""

import json
import re
import struct
from urllib.parse import unquote

from .protocol import Failure

#: More text than this is not looked through for faults; the importer has to cope.
TEXT_LIMIT = 2_000_000_000
_MAP = re.compile(rb'^\s*(?:map_\w+|bump|disp|decal|refl|norm)\s+(.+?)\s*$', re.IGNORECASE)
_INIT_FROM = re.compile(rb'<init_from>\s*([^<]+?)\s*</init_from>', re.IGNORECASE)
#: Options of an MTL map statement and how many values follow each (http://paulbourke.net/dataformats/mtl/).
_MAP_OPTIONS = {
    b'-blendu': 1, b'-blendv': 1, b'-boost': 1, b'-mm': 2, b'-texres': 1, b'-clamp': 1, b'-bm': 1,
    b'-imfchan': 1, b'-type': 1, b'-cc': 1, b'-o': 3, b'-s': 3, b'-t': 3,
}  # fmt: skip


def references(path: str, kind: str) -> list:
    """[(name as written, kind of file, required)] for the formats whose text can be read. Raises Failure."""
    if kind == 'obj':
        return _obj(path)
    if kind in ('gltf', 'glb'):
        return _gltf(path, kind)
    if kind == 'dae':
        return _dae(path)
    return []


def textures_of_mtl(path: str) -> list:
    found = []
    with open(path, 'rb') as file:
        for line in file:
            match = _MAP.match(line)
            if match:
                name = _map_name(match.group(1))
                if name:
                    found.append((text(name), 'image', False))
    return found


def _map_name(rest: bytes) -> bytes:
    words = rest.split()
    while words and words[0].lower() in _MAP_OPTIONS:
        values = _MAP_OPTIONS[words[0].lower()]
        words = words[1:]
        # -o, -s and -t take one to three numbers.
        while values and words and re.fullmatch(rb'[-+]?[\d.]+(e[-+]?\d+)?|on|off|\w', words[0], re.IGNORECASE):
            words, values = words[1:], values - 1
    return b' '.join(words)


def _obj(path: str) -> list:
    """Faces are checked against the vertices before them: an index is from 1, or negative from the end."""
    found, vertices = [], 0
    with open(path, 'rb') as file:
        for number, line in enumerate(file, 1):
            if line.startswith(b'v '):
                vertices += 1
            elif line.startswith(b'f') and line[1:2] in (b' ', b'\t', b'\n', b'\r', b''):
                _check_face(line, number, vertices)
            elif line.startswith(b'mtllib'):
                name = text(line[6:].strip())
                if name:
                    found.append((name, 'material', False))
    return found


def _check_face(line: bytes, number: int, vertices: int) -> None:
    corners = line[1:].split(b'#')[0].replace(b'\\', b' ').split()
    if not corners:
        raise Failure('unreadable', f'line {number}: a face without vertices')
    for corner in corners:
        try:
            index = int(corner.split(b'/')[0])
        except ValueError:
            raise Failure('unreadable', f'line {number}: {text(corner)[:40]!r} is no vertex of a face') from None
        if index == 0 or index > vertices or -index > vertices:
            raise Failure('unreadable', f'line {number}: a face refers to vertex {index}, there are {vertices}')


def _dae(path: str) -> list:
    with open(path, 'rb') as file:
        data = file.read(TEXT_LIMIT)
    names = (unquote(text(match)) for match in _INIT_FROM.findall(data))
    # In COLLADA 1.5 and in effects the element holds an id and no file.
    return [(name.removeprefix('file://'), 'image', False) for name in names if '.' in name and '://' not in name[7:]]


def _gltf(path: str, kind: str) -> list:
    document = _gltf_document(path, kind)
    version = document.get('asset', {}).get('version') if isinstance(document.get('asset'), dict) else None
    if not isinstance(version, str) or version.split('.')[0] != '2':
        raise Failure('unsupported_version', f'glTF version must be 2.0; got {version}')
    _check_indices(document)
    found = []
    for group, what, required in (('buffers', 'buffer', True), ('images', 'image', False)):
        for entry in document.get(group, []):
            uri = entry.get('uri')
            if isinstance(uri, str) and not uri.startswith('data:'):
                found.append((unquote(uri), what, required))
    return found


def _gltf_document(path: str, kind: str) -> dict:
    try:
        with open(path, 'rb') as file:
            if kind == 'glb':
                magic, version, _length = struct.unpack('<4sII', file.read(12))
                if magic != b'glTF':
                    raise Failure('unreadable', 'the file does not begin like a GLB')
                if version != 2:
                    raise Failure('unsupported_version', f'GLB version must be 2; got {version}')
                length, chunk = struct.unpack('<I4s', file.read(8))
                if chunk != b'JSON':
                    raise Failure('unreadable', 'the first chunk of the GLB is not JSON')
                data = file.read(length)
            else:
                data = file.read(TEXT_LIMIT)
        document = json.loads(data.decode('utf-8-sig'))
    except (ValueError, struct.error, RecursionError) as error:
        raise Failure('unreadable', f'the glTF is not valid JSON: {error}') from None
    if not isinstance(document, dict):
        raise Failure('unreadable', 'the glTF is not a JSON object')
    return document


#: Where an index stands and what it counts (glTF 2.0 specification, chapter 5). `*` is every entry of a list or object.
_INDICES = (
    ('scene', 'scenes'),
    ('scenes.*.nodes.*', 'nodes'),
    ('nodes.*.children.*', 'nodes'),
    ('nodes.*.mesh', 'meshes'),
    ('nodes.*.skin', 'skins'),
    ('nodes.*.camera', 'cameras'),
    ('meshes.*.primitives.*.attributes.*', 'accessors'),
    ('meshes.*.primitives.*.indices', 'accessors'),
    ('meshes.*.primitives.*.material', 'materials'),
    ('accessors.*.bufferView', 'bufferViews'),
    ('bufferViews.*.buffer', 'buffers'),
    ('textures.*.source', 'images'),
    ('textures.*.sampler', 'samplers'),
    ('images.*.bufferView', 'bufferViews'),
    ('materials.*.normalTexture.index', 'textures'),
    ('materials.*.occlusionTexture.index', 'textures'),
    ('materials.*.emissiveTexture.index', 'textures'),
    ('materials.*.pbrMetallicRoughness.baseColorTexture.index', 'textures'),
    ('materials.*.pbrMetallicRoughness.metallicRoughnessTexture.index', 'textures'),
    ('skins.*.joints.*', 'nodes'),
    ('skins.*.inverseBindMatrices', 'accessors'),
    ('animations.*.channels.*.target.node', 'nodes'),
)
_LISTS = ('scenes', 'nodes', 'meshes', 'accessors', 'bufferViews', 'buffers', 'images', 'textures', 'materials', 'skins')


def _check_indices(document: dict) -> None:
    for name in _LISTS:
        entries = document.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise Failure('unreadable', f'{name} is not a list of objects')
    for path, target in _INDICES:
        count = len(document.get(target, []))
        for place, value in _find(document, path.split('.'), ''):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
                raise Failure('unreadable', f'{place} is {json.dumps(value)[:40]}, there are {count} {target}')
    _check_tree(document.get('nodes', []))


def _find(value: object, words: list, place: str):
    """Every value at a path, with the place it was found at."""
    if not words:
        yield place.lstrip('.'), value
        return
    word, rest = words[0], words[1:]
    if word == '*':
        if isinstance(value, list):
            for index, entry in enumerate(value):
                yield from _find(entry, rest, f'{place}[{index}]')
        elif isinstance(value, dict):
            for key, entry in value.items():
                yield from _find(entry, rest, f'{place}.{key}')
    elif isinstance(value, dict) and word in value:
        yield from _find(value[word], rest, f'{place}.{word}')


def _check_tree(nodes: list) -> None:
    """Nodes form trees: no node is its own ancestor, none has two parents."""
    parent: dict = {}
    for index, node in enumerate(nodes):
        for child in node.get('children', []):
            if child in parent:
                raise Failure('unreadable', f'nodes[{child}] has two parents')
            parent[child] = index
    for start in range(len(nodes)):
        node, steps = start, 0
        while node in parent:
            node, steps = parent[node], steps + 1
            if node == start or steps > len(nodes):
                raise Failure('unreadable', f'nodes[{start}] is its own ancestor')


def text(data: bytes) -> str:
    """Names in model files come in any encoding; what is no UTF-8 is taken as Latin-1, which never fails."""
    try:
        return data.decode('utf-8')
    except UnicodeDecodeError:
        return data.decode('latin-1')
