#!/usr/bin/python3
"""The house keeps its floors: includes go downwards only."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# From the ground up. Floors on one level do not include each other.
LEVELS = [
    {'base'},
    {'event', 'nats'},
    {'route', 'event_log', 'access'},
    {'schema', 'hub'},
    {'relay', 'fleet'},
    {'rpc', 'http'},
    {'server'},
]
LEVEL = {floor: level for level, floors in enumerate(LEVELS) for floor in floors}

# What a library's headers cost, or make of the code around them, stays on these floors, or in these
# folders.
FENCES = {
    r'spdlog/': {'base'},
    r'boost/beast': {'http'},
    r'boost/asio': {'hub', 'http', 'rpc', 'relay'},
    r'grpc(pp)?/': {'access', 'rpc', 'relay', 'server'},
    r'yaml-cpp/': {'server'},
    r'curl/': {'access'},
    r'sluice/config/': {'server'},
    r'rocksdb/': {'event_log/rocksdb'},
    r'nats/': {'nats'},
}

# Interfaces whose implementations only the composition root names.
CONCRETE = {
    'bridge/access/authorizer.h': r'bridge/access/(\w+/)?\w+_authorizer\.h',
    'bridge/event_log/event_log.h': r'bridge/event_log/\w+/',
    'bridge/fleet/fleet.h': r'bridge/fleet/\w+_fleet\.h',
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources(folder, *suffixes):
    for path in sorted((ROOT / folder).rglob('*')):
        if path.suffix in suffixes and 'node_modules' not in path.parts:
            yield path


def includes(path):
    return INCLUDE.findall(path.read_text())


def floor_of(path):
    parts = Path(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == 'bridge' else None


class Layering(unittest.TestCase):
    def bridge_includes(self):
        for path in sources('bridge', '.cc', '.h', '.in'):
            name = str(path.relative_to(ROOT))
            for include in includes(path):
                yield name, floor_of(name), include

    def check(self, faults):
        self.assertEqual([], sorted(faults), '\n' + '\n'.join(sorted(faults)))

    def test_there_is_something_to_check(self):
        self.assertGreater(len(list(self.bridge_includes())), 100)

    def test_every_floor_has_its_level(self):
        folders = {path.name for path in (ROOT / 'bridge').iterdir() if path.is_dir()}
        self.assertEqual(set(), folders - set(LEVEL))

    def test_includes_go_downwards_only(self):
        self.check(
            f'{name} includes {include}'
            for name, floor, include in self.bridge_includes()
            if (below := floor_of(include)) and below != floor and LEVEL[below] >= LEVEL[floor])

    def test_the_bridge_includes_nothing_from_outside(self):
        self.check(
            f'{name} includes {include}'
            for name, _, include in self.bridge_includes()
            if include.startswith(('tests/', 'bench/', 'sdk/', '../')) or '/../' in include)

    def test_libraries_stay_behind_their_fences(self):
        self.check(
            f'{name} includes {include}'
            for name, floor, include in self.bridge_includes()
            for library, floors in FENCES.items()
            if re.match(library, include) and floor not in floors
            and not name.startswith(tuple(f'bridge/{folder}/' for folder in floors)))

    def test_only_the_server_names_implementations(self):
        self.check(
            f'{name} includes {include}'
            for name, floor, include in self.bridge_includes()
            for interface, implementation in CONCRETE.items()
            if floor not in (floor_of(interface), 'server') and re.match(implementation, include))

    def test_headers_are_read_once(self):
        self.check(
            str(path.relative_to(ROOT))
            for folder in ('bridge', 'tests', 'bench', 'sdk')
            for path in sources(folder, '.h')
            if not re.search(r'^#pragma once$', path.read_text(), re.MULTILINE))

    def test_a_source_includes_its_own_header_first(self):
        self.check(
            str(path.relative_to(ROOT))
            for path in sources('bridge', '.cc')
            if path.with_suffix('.h').exists() and path.stat().st_size
            and includes(path)[0] != str(path.with_suffix('.h').relative_to(ROOT)))


if __name__ == '__main__':
    unittest.main()
