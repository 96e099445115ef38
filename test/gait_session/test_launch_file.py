# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from gait_session.launching.file import LaunchFileError, arguments, parse_file

LAUNCH_FOLDER = Path(__file__).parents[2] / "launch"


def write(folder: Path, text: str) -> Path:
    path = folder / "a.launch.xml"
    path.write_text(text)
    return path


def test_elements_know_their_line(tmp_path: Path) -> None:
    root = parse_file(write(tmp_path, '<launch>\n\n  <group>\n    <node pkg="a"\n      exec="b"/></group></launch>'))
    assert root.children[0].line_count == 3
    assert root.children[0].children[0].line_count == 4
    assert root.children[0].children[0].attributes == {"pkg": "a", "exec": "b"}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('<timer period="1"/>', r"a\.launch\.xml:2: <timer> is not supported inside <launch>"),
        ('<node pkg="a" exec="b" machine="c"/>', "2: <node> has the attribute machine"),
        ('<node pkg="a"/>', "2: <node> needs the attribute exec"),
        ('<node pkg="a" exec="b">\n<param name="c" valeu="1"/></node>', "3: <param> has the attribute valeu"),
        ('<node pkg="a" exec="b"><remap from="c"/></node>', "<remap> needs the attribute to"),
        ('<group if="true" unless="true"/>', "both if and unless"),
        ('<let name="a" value="$(eval 1)"/>', r"2: <let> value: the substitution \$\(eval\)"),
        ('<include file="a"><let name="b" value="c"/></include>', "<let> is not supported inside <include>"),
        ("words", "2: text 'words' between elements"),
        ("<group>", "mismatched tag"),
    ],
)
def test_refuse_by_name_and_line(tmp_path: Path, body: str, word: str) -> None:
    with pytest.raises(LaunchFileError, match=word):
        parse_file(write(tmp_path, f"<launch>\n{body}</launch>"))


def test_refuse_other_roots_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(LaunchFileError, match="expected <launch>"):
        parse_file(write(tmp_path, "<robot/>"))
    with pytest.raises(LaunchFileError, match="cannot be read"):
        parse_file(tmp_path / "absent.launch.xml")


def test_arguments_are_listed_with_those_in_groups(tmp_path: Path) -> None:
    text = """<launch><arg name="a" default="1" description="one"><choice value="1"/><choice value="2"/></arg>
    <group><arg name="b"/></group></launch>"""
    first, second = arguments(parse_file(write(tmp_path, text)))
    assert (first.name, first.default, first.description, first.choices) == ("a", "1", "one", ("1", "2"))
    assert (second.name, second.default) == ("b", None)


@pytest.mark.parametrize("path", sorted(LAUNCH_FOLDER.glob("*.launch.xml")), ids=lambda path: path.name)
def test_every_launch_file_of_the_package_is_in_the_subset(path: Path) -> None:
    described = list(arguments(parse_file(path)))
    assert described
    assert all(argument.description and argument.default is not None for argument in described)
