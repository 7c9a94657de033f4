"""Every rule that mutations.py takes away stands in the source, where it says, and once."""

import unittest

import mutations


class MutationsTest(unittest.TestCase):
    def test_every_rule_stands_exactly_once_in_its_file(self):
        for _, _, rules in mutations.KINDS.values():
            for name, *edits in rules:
                for path, line, without in mutations.edits_of(edits):
                    with self.subTest(rule=name):
                        self.assertEqual(mutations.read(path).count(line), 1, f"{path}: {line}")
                        self.assertNotEqual(line, without)

    def test_every_rule_has_a_name_of_its_own(self):
        for _, _, rules in mutations.KINDS.values():
            names = [rule[0] for rule in rules]
            self.assertEqual(sorted(set(names)), sorted(names))


if __name__ == "__main__":
    unittest.main()
