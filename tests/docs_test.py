"""The documents name what the code has: every key, flag and reason, and no others; links lead somewhere."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")])


def read(path):
    return (ROOT / path).read_text()


def rows(path, heading=""):
    """The table rows (under `## heading`) whose first cell is code: {first cell: the other cells}."""
    text = read(path)
    if heading:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


class Schema:
    """The configuration's messages with their comments, as protoc reads them."""

    def __init__(self):
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(
                ["protoc", f"-I{ROOT}/proto", "--include_source_info", f"-o{out.name}",
                 "sluice/config/v1/config.proto", "sluice/config/v1/authorizer.proto",
                 "sluice/config/v1/route.proto", "sluice/config/v1/tls.proto"], check=True)
            files = descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())
        self.messages = {}
        self.comments = {}
        for file in files.file:
            comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
            for m, message in enumerate(file.message_type):
                self.messages[f".{file.package}.{message.name}"] = message
                for entry in message.nested_type:
                    self.messages[f".{file.package}.{message.name}.{entry.name}"] = entry
                for f, field in enumerate(message.field):
                    self.comments[f"{message.name}.{field.name}"] = comments.get((4, m, 2, f), "")

    def keys(self, message=".sluice.config.v1.Config", prefix=""):
        """Yields the path of every key that holds a value, and the comment of its field."""
        for field in self.messages[message].field:
            repeated = field.label == field.LABEL_REPEATED
            inner = self.messages.get(field.type_name)
            path = prefix + field.name
            if inner is not None and inner.options.map_entry:
                value = inner.field[1]
                if value.type_name in self.messages and not value.type_name.endswith(".Values"):
                    yield from self.keys(value.type_name, path + ".NAME.")
                    continue
                inner = None
            if inner is None or not inner.field or field.type_name.endswith(".Values"):
                comment = self.comments[f"{self.messages[message].name}.{field.name}"]
                yield path, " ".join(comment.split())
            else:
                yield from self.keys(field.type_name, path + ("[]." if repeated else "."))


def default_of(comment):
    """What "Default: X." says, X ending with its sentence."""
    found = re.search(r"\bDefault: (.+?)(?:\.(?: |$)|$)", comment)
    return found and found[1]


class DocumentsTest(unittest.TestCase):
    def test_every_key_of_the_configuration_is_explained_with_its_default(self):
        documented = rows("docs/configuration.md")
        keys = dict(Schema().keys())
        # `defaults` holds the same keys as a route, an authorizer with a name those of one without.
        shared = {path for path in keys if path.startswith(("defaults.", "authorizers.NAME."))}
        flags = {name for name in documented if name.startswith("-")}
        self.assertEqual(sorted(set(keys) - shared), sorted(set(documented) - shared - flags))
        for path, comment in keys.items():
            default = default_of(comment)
            if default and path in documented:
                plain = str.maketrans("", "", '`"')
                self.assertEqual(default.translate(plain), documented[path][0].translate(plain), path)

    def test_every_flag_is_explained(self):
        flags = set(re.findall(r'\{"(--[a-z-]+)", ', read("bridge/server/config/flags.cc")))
        documented = {name.split()[0] for name in rows("docs/configuration.md") if name[0] == "-"}
        self.assertEqual(sorted(flags), sorted(documented))

    def test_every_reason_is_explained(self):
        reasons = set(re.findall(r'return "([a-z_]+)";', read("bridge/base/reason.cc")))
        self.assertEqual(sorted(reasons - {"unknown"}), sorted(rows("docs/operate.md", "Reasons")))

    def test_every_threat_has_a_test_that_exists(self):
        threats = re.findall(r"^\| .+ \| (`tests/.+) \|$", read("SECURITY.md"), re.MULTILINE)
        self.assertGreater(len(threats), 20)
        for tests in threats:
            file = ""
            for name in re.findall(r"`([^`]+)`", tests):
                if name.startswith("tests/"):
                    file = name
                    self.assertTrue((ROOT / file).exists(), file)
                else:  # one of the tests in it
                    self.assertIn(name, read(file), file)

    def test_links_lead_to_files_and_headings(self):
        for document in DOCUMENTS:
            for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
                if link.startswith(("http:", "https:")):
                    continue
                file, _, heading = link.partition("#")
                target = (document.parent / file) if file else document
                self.assertTrue(target.exists(), f"{document.name}: {link}")
                if heading:
                    titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
                    anchors = {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}
                    self.assertIn(heading, anchors, f"{document.name}: {link}")


if __name__ == "__main__":
    unittest.main()
