# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_session.launching.substitution import parse_template, perform, split_words

FUNCTIONS = {
    "var": lambda name, default="": {"speed": "1.2 m", "which": "speed"}.get(name, default),
    "env": lambda name, default="unset": default,
    "find-pkg-share": lambda package: f"/opt/share/{package}",
    "dirname": lambda: "/here",
    "equals": lambda left, right: str(left == right).lower(),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain 'text' \"kept\"", "plain 'text' \"kept\""),
        ("$(dirname)/a.xml", "/here/a.xml"),
        ("$(find-pkg-share gait_lab)/config", "/opt/share/gait_lab/config"),
        ("$(var $(var which))", "1.2 m"),
        ("$(env HOME 'two words')", "two words"),
        ('$(env HOME "a (b) $(dirname)")', "a (b) /here"),
        ("$(env HOME pre$(dirname)post)", "pre/herepost"),
        (r"\$(dirname) costs 5\$ \\", "$(dirname) costs 5$ \\"),
        ("$(equals x$(var nothing) x)", "true"),
    ],
)
def test_perform(text: str, expected: str) -> None:
    assert perform(parse_template(text), FUNCTIONS) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("$(eval 1 + 1)", r"\$\(eval\) is not supported"),
        ("$(var)", "takes 1 or 2 arguments, got 0"),
        ("$(dirname here)", "takes 0 arguments, got 1"),
        ("$(var speed", "not closed"),
        ("$(var 'speed)", "quotation is not closed"),
        ("$(var  speed)", "argument is missing"),
        ("$()", "without a name"),
        ("5$ each", "begins no"),
    ],
)
def test_refuse(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        parse_template(text)


@given(st.text())
def test_parse_any_text_or_refuse_it(text: str) -> None:
    try:
        template = parse_template(text)
    except ValueError:
        return
    assert all(part for part in template)


@given(st.text())
def test_escaped_text_means_itself(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("$", "\\$")
    assert perform(parse_template(escaped), FUNCTIONS) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("--log-level $(var speed)", ["--log-level", "1.2 m"]),
        ("a 'b c' d", ["a", "b c", "d"]),
        ("$(dirname)/x y$(dirname) $(dirname)", ["/here/x", "y/here", "/here"]),
        ("$(dirname) x", ["/here", "x"]),
        ("$(dirname)$(dirname)", ["/here/here"]),
    ],
)
def test_split_words(text: str, expected: list[str]) -> None:
    assert [perform(word, FUNCTIONS) for word in split_words(parse_template(text))] == expected
