"""platform/ must stay a plain source root behind the standard library."""

import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def trap_faults(root: Path) -> subprocess.CompletedProcess[str]:
    """The script's verdict on a tree that has it in scripts/."""
    return subprocess.run(
        [sys.executable, str(root / "scripts" / "platform_trap.py")], capture_output=True, text=True
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "platform" / "vault").mkdir(parents=True)
    (tmp_path / "platform" / "vault" / "__init__.py").touch()
    script = ROOT / "scripts" / "platform_trap.py"
    (tmp_path / "scripts" / "platform_trap.py").write_text(script.read_text())
    return tmp_path


def test_python_s_own_platform_module_is_the_one_imported():
    assert Path(platform.__file__).is_relative_to(sysconfig.get_paths()["stdlib"])
    assert platform.python_version()


def test_our_source_root_comes_behind_the_standard_library():
    stdlib = sys.path.index(sysconfig.get_paths()["stdlib"])
    assert all(sys.path.index(p) > stdlib for p in sys.path if p == str(ROOT / "platform"))
    assert str(ROOT / "platform") in sys.path


def test_this_checkout_is_well():
    assert trap_faults(ROOT).returncode == 0


def test_a_plain_tree_is_well(tree):
    assert trap_faults(tree).returncode == 0


@pytest.mark.parametrize("path", ["__init__.py", "secrets/__init__.py", "queue.py", "tests/test_x.py"])
def test_it_finds_the_trap(tree, path):
    (tree / "platform" / path).parent.mkdir(exist_ok=True)
    (tree / "platform" / path).touch()
    verdict = trap_faults(tree)
    assert verdict.returncode == 1
    assert "platform/" in verdict.stdout
