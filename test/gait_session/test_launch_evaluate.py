# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from gait_session.launching.action import LogAction, NodeAction
from gait_session.launching.evaluate import Surroundings, evaluate
from gait_session.launching.file import LaunchFileError, parse_file
from gait_session.launching.parameters import parameters_yaml

PROJECT = Path(__file__).parents[2]
Evaluate = Callable[..., list[NodeAction]]
NODE = '<node pkg="p" exec="e" {}/>'
NAMED_BY_AB = NODE.format('name="$(var a)$(var b)"')
NAMED_BY_FOLDER = NODE.format('name="$(dirname)"')


def nodes_of(path: Path, arguments: Mapping[str, str], share: Path) -> list[NodeAction]:
    surroundings = Surroundings({"HOME": "/home/me"}, lambda package: share, parse_file)
    return [action for action in evaluate(path, arguments, surroundings) if isinstance(action, NodeAction)]


@pytest.fixture
def nodes(tmp_path: Path) -> Evaluate:
    def evaluate_body(body: str, **arguments: str) -> list[NodeAction]:
        path = tmp_path / "a.launch.xml"
        path.write_text(f"<launch>\n{body}\n</launch>")
        return nodes_of(path, arguments, tmp_path)

    return evaluate_body


def values(node: NodeAction) -> dict[str, object]:
    """Return all inline parameters of a node."""
    found: dict[str, object] = {}
    for group in node.parameters:
        assert not isinstance(group, Path)
        found |= group
    return found


def test_an_argument_given_wins_over_its_default(nodes: Evaluate) -> None:
    body = '<arg name="who" default="$(env HOME)/x"/>' + NODE.format('name="$(var who)"')
    assert nodes(body)[0].name == "/home/me/x"
    assert nodes(body, who="me")[0].name == "me"


def test_an_argument_without_default_must_be_given(nodes: Evaluate) -> None:
    with pytest.raises(LaunchFileError, match="2: <arg> the argument who must be given"):
        nodes('<arg name="who"/>')


def test_choices_bind_given_values_and_defaults(nodes: Evaluate) -> None:
    body = '<arg name="a" default="x"><choice value="x"/><choice value="y"/></arg>'
    assert nodes(body, a="y") == []
    with pytest.raises(LaunchFileError, match="a is 'z'; choose one of x, y"):
        nodes(body, a="z")


@pytest.mark.parametrize(("text", "count"), [("true", 1), ("1", 1), (" True ", 1), ("false", 0), ("0", 0)])
def test_conditions(nodes: Evaluate, text: str, count: int) -> None:
    assert len(nodes(NODE.format(f'if="{text}"'))) == count
    assert len(nodes(NODE.format(f'unless="{text}"'))) == 1 - count


def test_a_condition_is_a_truth_value(nodes: Evaluate) -> None:
    with pytest.raises(LaunchFileError, match="if: 'yes' is neither true nor false"):
        nodes(NODE.format('if="yes"'))


def test_a_group_limits_what_is_set_in_it_unless_unscoped(nodes: Evaluate) -> None:
    body = '<let name="a" value="out"/><group {}><let name="a" value="in"/></group>' + NODE.format('name="$(var a)"')
    assert nodes(body.format(""))[0].name == "out"
    assert nodes(body.format('scoped="false"'))[0].name == "in"


@pytest.mark.parametrize("push", ["push-ros-namespace", "push_ros_namespace"])
def test_namespaces_are_pushed_within_a_group(nodes: Evaluate, push: str) -> None:
    node = NODE.format('namespace="{}"')
    body = f'<group><{push} namespace="lab"/><{push} namespace="b/"/>{NODE.format("")}{node.format("n")}'
    body += f"{node.format('/n')}</group>{NODE.format('')}{node.format('n')}"
    assert [node.namespace for node in nodes(body)] == ["/lab/b", "/lab/b/n", "/n", None, "/n"]


def test_an_included_file_inherits_arguments_and_leaves_its_own_behind(nodes: Evaluate, tmp_path: Path) -> None:
    inner = tmp_path / "inner.launch.xml"
    inner.write_text(f'<launch><arg name="a" default="inner"/>{NAMED_BY_AB}</launch>')
    include = '<include file="$(dirname)/inner.launch.xml"><arg name="b" value="B"/></include>'
    assert [node.name for node in nodes(include + NAMED_BY_AB)] == ["innerB", "innerB"]
    assert nodes(f'<arg name="a" default="outer"/>{include}')[0].name == "outerB"
    body = f"<group>{include}</group>" + NODE.format('name="$(var a none)"')
    assert nodes(body)[1].name == "none"


def test_dirname_is_the_folder_of_the_file_that_says_it(nodes: Evaluate, tmp_path: Path) -> None:
    folder = tmp_path / "deeper"
    folder.mkdir()
    (folder / "in.launch.xml").write_text(f"<launch>{NAMED_BY_FOLDER}</launch>")
    body = '<include file="$(dirname)/deeper/in.launch.xml"/>' + NAMED_BY_FOLDER
    assert [node.name for node in nodes(body)] == [str(folder), str(tmp_path)]


@pytest.mark.parametrize(
    ("include", "word"),
    [("a.launch.py", "only XML"), ("absent.xml", "there is no file"), ("$(dirname)/a.launch.xml", "includes itself")],
)
def test_refuse_includes(nodes: Evaluate, include: str, word: str) -> None:
    with pytest.raises(LaunchFileError, match=word):
        nodes(f'<include file="{include}"/>')


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('value="250"', 250),
        ('value="$(var rate)"', 250),
        ('value="$(var rate)" type="float"', 250.0),
        ('value="$(var rate)" type="str"', "250"),
        ('value="$(var rate)" type="int"', 250),
        ('value="1e-3" type="float"', 0.001),
        ('value="true"', True),
        ('value="true" type="str"', "true"),
        ('value="words and $(var rate)"', "words and 250"),
        ('value="" type="str"', ""),
        ("value=\"'250'\"", "250"),
        ('value="[1, 2]"', [1, 2]),
        ('value="[a, $(var rate)x]"', ["a", "250x"]),
        ('value="[$(var rate), 1.0]" type="list_of_float"', [250.0, 1.0]),
        ('value="[a, $(var rate)]" type="list_of_str"', ["a", "250"]),
        ('value="no" type="bool"', False),
    ],
)
def test_parameters_have_a_type(nodes: Evaluate, attributes: str, expected: object) -> None:
    node = nodes(f'<node pkg="p" exec="e"><param name="x" {attributes}/></node>', rate="250")[0]
    value = values(node)["x"]
    assert value == expected
    assert type(value) is type(expected)
    assert yaml.safe_load(parameters_yaml("/**", values(node))) == {"/**": {"ros__parameters": {"x": expected}}}


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ('name="x" value="[1, a]"', "no value for a parameter"),
        ('name="x" value=""', "no value for a parameter"),
        ('name="x" value="{a: 1}"', "no value for a parameter"),
        ('name="x" value="a" type="float"', "could not convert"),
        ('name="x" value="1.5" type="int"', "invalid literal"),
        ('name="x" value="1" type="bool"', "neither true nor false"),
        ('name="x" value="[1, 2]" type="list_of_str"', "is not a list_of_str"),
        ('name="x" value="1" type="double"', "type 'double' is not one of"),
        ('name="x"', "needs either a value or"),
        ('value="1"', "needs the attribute name"),
        ('from="/absent.yaml"', "no parameter file /absent.yaml"),
        ('name="x" from="a.launch.xml"', "can have nothing else"),
    ],
)
def test_refuse_parameters_by_line(nodes: Evaluate, attributes: str, word: str) -> None:
    with pytest.raises(LaunchFileError, match=f"3: <param> .*{word}"):
        nodes(f'<node pkg="p" exec="e">\n<param {attributes}/></node>')


def test_parameters_nest_and_keep_their_order(nodes: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch()
    body = '<param name="g"><param name="x" value="1"/><param name="h"><param name="y" value="2"/></param></param>'
    (node,) = nodes(f'<node pkg="p" exec="e">{body}<param from="$(dirname)/a.yaml"/><param name="z" value="3"/></node>')
    assert node.parameters == ({"g": {"x": 1, "h": {"y": 2}}}, tmp_path / "a.yaml", {"z": 3})


def test_the_command_line_of_a_node(nodes: Evaluate) -> None:
    attributes = """name="n" namespace="lab" args="--x 'a b'" ros_args="--log-level $(var level)" """
    (node,) = nodes(
        f'<node pkg="p" exec="e" {attributes}><remap from="a" to="b"/><param name="x" value="1"/></node>', level="debug"
    )
    own = ["/lib/e", "--x", "a b", "--ros-args", "--log-level", "debug"]
    given = ["--ros-args", "-r", "__node:=n", "-r", "__ns:=/lab", "--params-file", "/p.yaml", "-r", "a:=b"]
    assert node.command(Path("/lib/e"), (Path("/p.yaml"),)) == own + given
    assert node.parameter_node_name == "/lab/n"
    assert nodes(NODE.format(""))[0].command(Path("/lib/e"), ()) == ["/lib/e", "--ros-args"]
    assert nodes(NODE.format('name="n"'))[0].parameter_node_name == "/**"


def test_how_a_process_is_kept(nodes: Evaluate) -> None:
    (node,) = nodes(NODE.format('respawn="$(var r)" respawn_delay="1.5" respawn_max_retries="2"'), r="true")
    assert (node.respawn, node.respawn_delay_s, node.respawn_max_count, node.is_required) == (True, 1.5, 2, False)
    (node,) = nodes(NODE.format('on_exit="shutdown" output="screen" exec_name="me"'))
    assert (node.respawn, node.respawn_max_count, node.is_required, node.label) == (False, -1, True, "me")


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ('on_exit="restart"', "only shutdown"),
        ('respawn_delay="-1"', "allowed 0 or more"),
        ('respawn_delay="soon"', "not a number"),
        ('respawn="maybe"', "neither true nor false"),
        ('output="printer"', "choose one of screen"),
        ('name="$(var absent)"', "there is no argument absent"),
        ('name="$(env ABSENT)"', "no variable ABSENT"),
    ],
)
def test_refuse_node_attributes(nodes: Evaluate, attributes: str, word: str) -> None:
    with pytest.raises(LaunchFileError, match=f"2: <node> .*{word}"):
        nodes(NODE.format(attributes))


@pytest.mark.parametrize(
    ("left", "right", "is_equal"), [("1", "true", True), ("1.0", "1.00", True), ("x", "x", True), ("x", "y", False)]
)
def test_equals(nodes: Evaluate, left: str, right: str, is_equal: bool) -> None:
    assert len(nodes(NODE.format(f'if="$(equals {left} {right})"'))) == is_equal


def test_environment_and_log(nodes: Evaluate, tmp_path: Path) -> None:
    (node,) = nodes('<node pkg="p" exec="e"><env name="A" value="$(env HOME)"/></node>')
    assert node.environment == (("A", "/home/me"),)
    path = tmp_path / "log.launch.xml"
    path.write_text('<launch><log message="hello $(env HOME)"/><log level="warning" message="b"/></launch>')
    surroundings = Surroundings({"HOME": "/home/me"}, lambda package: tmp_path, parse_file)
    assert evaluate(path, {}, surroundings) == [LogAction("INFO", "hello /home/me"), LogAction("WARNING", "b")]


@pytest.fixture
def session(tmp_path: Path) -> Evaluate:
    """Evaluate the package's session launch file from a share folder like the installed one."""
    (tmp_path / "config" / "participants").mkdir(parents=True)
    for name in ("simulated_lab.yaml", "walker.yaml", "participants/simulated.yaml"):
        (tmp_path / "config" / name).touch()
    return lambda **arguments: nodes_of(PROJECT / "launch" / "session.launch.xml", arguments, tmp_path)


def by_name(nodes: list[NodeAction]) -> dict[str, NodeAction]:
    assert all(node.name == node.executable and node.package == "gait_lab" for node in nodes)
    return {node.executable: node for node in nodes}


def test_a_session_ends_with_progress_and_restarts_the_rest(session: Evaluate) -> None:
    started = by_name(session())
    assert {name for name, node in started.items() if node.is_required} == {"progress_node", "simulated_lab_node"}
    assert all(node.respawn != node.is_required for node in started.values())
    assert "simulated_lab_node" not in by_name(session(simulated="false"))
    assert len(started) == 10


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({}, "simulated"), ({"simulated": "false"}, "live"), ({"recording": "/a b.csv"}, "recording")],
)
def test_where_the_samples_come_from(session: Evaluate, arguments: dict[str, str], expected: str) -> None:
    started = by_name(session(**arguments))
    (inline,) = [group for group in started["session_node"].parameters[2:] if "input" in group]
    assert inline == {"input": expected}
    if expected == "recording":
        assert {"recording": "/a b.csv"} in started["simulated_lab_node"].parameters


def test_sound_is_played_beside_what_is_felt_when_asked_for(session: Evaluate) -> None:
    extra = {node.name: node.executable for node in session(sound="true")}.items() - {
        (node.name, node.executable) for node in session()
    }
    assert dict(extra) == {"sound_node": "haptic_node"}


def test_a_page_is_served_when_asked_for(session: Evaluate) -> None:
    assert by_name(session(monitor="true")).keys() - by_name(session()).keys() == {"monitor_node"}


def test_a_duration_is_a_float_however_it_is_written(session: Evaluate) -> None:
    parameters = by_name(session(duration_s="30"))["session_node"].parameters
    (inline,) = [group for group in parameters if not isinstance(group, Path) and "duration_s" in group]
    assert repr(inline["duration_s"]) == "30.0"


def test_a_log_level_that_no_node_would_take_is_refused_before_any_starts(session: Evaluate) -> None:
    assert len(session(log_level="debug")) == 10
    with pytest.raises(LaunchFileError, match="log_level is 'loud'; choose one of debug, info, warn, error"):
        session(log_level="loud")
