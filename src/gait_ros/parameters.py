# SPDX-License-Identifier: Apache-2.0
"""Settings dataclasses as ROS parameters: declared, described, bounded, and no misspelt name accepted."""

import dataclasses
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from gait_parts import plugins
from gait_parts.settings import Settings, default_of

T = TypeVar("T", bound=Settings)


def declare(node: Node, settings_type: type[T], prefix: str = "") -> T:
    """Declare each field of ``settings_type`` as parameter ``prefix + name`` and return the configured settings.

    All are read-only: a running lab is changed by its config file. Raises ``ValueError`` with the parameter's full
    name when a value has the wrong type or is out of its bounds.
    """
    values = {
        field.name: _declare_one(node, prefix + field.name, default_of(field), _descriptor(field))
        for field in dataclasses.fields(settings_type)
        if not node.has_parameter(prefix + field.name)
    }
    try:
        return settings_type(**values)
    except ValueError as error:
        raise ValueError(f"{node.get_name()}: parameter {prefix}{error}") from None


def declare_part(node: Node, package: str, key: str, prefix: str) -> tuple[Any, Any]:
    """Declare ``prefix + key``, the name of a part of ``package`` that the config must give, and the part's settings.

    Returns the part's module and its settings.
    """
    name = declare_text(node, prefix + key, f"file name of a part in {package}")
    try:
        part = plugins.find(package, name)
    except ValueError as error:
        raise ValueError(f"{node.get_name()}: parameter {prefix}{key}: {error}") from None
    return part, declare(node, part.Settings, prefix)


def declare_text(node: Node, name: str, doc: str, default: str | None = None) -> str:
    """Declare one string parameter; without ``default`` the config must give it."""
    descriptor = ParameterDescriptor(description=doc, read_only=True)
    value = _declare_one(node, name, Parameter.Type.STRING if default is None else default, descriptor)
    return str(value)


def declare_names(node: Node, name: str, doc: str) -> list[str]:
    """Declare a list of strings; empty where the config has none, which ROS cannot say in YAML."""
    descriptor = ParameterDescriptor(description=doc, read_only=True)
    try:
        value: list[str] | None = node.declare_parameter(name, Parameter.Type.STRING_ARRAY, descriptor).value
    except InvalidParameterTypeException as error:
        raise ValueError(f"{node.get_name()}: {error}") from None
    return [str(item) for item in value or ()]


def refuse_unknown(node: Node) -> None:
    """Raise ``ValueError`` if the config names a parameter that nobody declared; ROS itself ignores it silently."""
    overrides = node._parameter_overrides  # rclpy offers no public view of undeclared overrides
    unknown = sorted(
        name for name in overrides if not node.has_parameter(name) and not name.startswith("qos_overrides.")
    )
    if unknown:
        known = ", ".join(sorted(node.get_parameters_by_prefix("")))
        raise ValueError(f"{node.get_name()}: no parameter {', '.join(unknown)}; it has {known}")


def refuse_sim_time(node: Node) -> None:
    """Raise ``ValueError`` for ``use_sim_time``, and refuse to set it later: such a clock stands when nobody sends it.

    For nodes whose timers are the watch over belts or an actuator.
    """
    problem = f"{node.get_name()}: use_sim_time: got true, but what watches over a person goes by the computer's clock"
    if node.get_parameter("use_sim_time").value:
        raise ValueError(problem)

    def refuse(changed: list["Parameter[Any]"]) -> SetParametersResult:
        is_asked = any(parameter.name == "use_sim_time" and parameter.value for parameter in changed)
        return SetParametersResult(successful=not is_asked, reason=problem if is_asked else "")

    node.add_on_set_parameters_callback(refuse)


def _declare_one(node: Node, name: str, default: Any, descriptor: ParameterDescriptor) -> Any:
    _let_whole_numbers_be_floats(node, name, default)
    try:
        value = node.declare_parameter(name, default, descriptor).value
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        raise ValueError(f"{node.get_name()}: {error}") from None
    if value is None:
        raise ValueError(f"{node.get_name()}: parameter {name} ({descriptor.description}) is missing from the config")
    return value


def _let_whole_numbers_be_floats(node: Node, name: str, default: Any) -> None:
    """Make a number that the config writes without a decimal point what is wanted; ROS itself refuses it."""
    given = node._parameter_overrides.get(name)
    like = default[0] if default and isinstance(default, list) else default
    if given is None or not isinstance(like, float):
        return
    if given.type_ is Parameter.Type.INTEGER:
        node._parameter_overrides[name] = Parameter(name, value=float(given.value))
    elif given.type_ is Parameter.Type.INTEGER_ARRAY:
        node._parameter_overrides[name] = Parameter(name, value=[float(value) for value in given.value])


def _descriptor(field: "dataclasses.Field[Any]") -> ParameterDescriptor:
    default, low, high = default_of(field), field.metadata["low"], field.metadata["high"]
    result = ParameterDescriptor(description=field.metadata["doc"], read_only=True)
    result.dynamic_typing = default == []  # ROS would take it for a list of bytes
    if low is None or high is None or default != default:  # NaN is in no range; the settings check the bounds
        return result
    if isinstance(default, float):
        result.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    elif isinstance(default, int):
        result.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    return result
