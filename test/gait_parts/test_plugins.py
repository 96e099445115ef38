# SPDX-License-Identifier: Apache-2.0
import pytest

from gait_parts import plugins


def test_a_name_is_a_file_name():
    assert plugins.find("gait_sensing.imus", "xsens_mti").__name__ == "gait_sensing.imus.xsens_mti"


def test_a_dotted_name_is_a_part_from_outside():
    assert plugins.find("gait_sensing.imus", "gait_sensing.load_cells.sri_m8128").__name__.endswith("sri_m8128")


@pytest.mark.parametrize("name", ["xsens", "no.such.module"])
def test_an_unknown_name_lists_what_there_is(name):
    with pytest.raises(ValueError, match=f"'{name}'.*xsens_mti"):
        plugins.find("gait_sensing.imus", name)


def test_a_part_with_a_broken_import_is_not_called_unknown(tmp_path, monkeypatch):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "broken.py").write_text("import a_module_that_does_not_exist\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
        plugins.find("gait_sensing.imus", "outside.broken")


def test_a_misspelt_setting_is_refused_with_the_names_there_are():
    part = plugins.find("gait_sensing.imus", "xsens_mti")
    with pytest.raises(ValueError, match=r"no setting rate_hx; it has .*rate_hz"):
        plugins.settings_of(part, {"rate_hx": 100.0})
