"""Writes requirements.txt beside a requirements.in: every package pinned, every wheel hashed.

    python ops/python/lock.py training/requirements.in

Needs `uv` on PATH (it resolves) and `packaging` (any environment made here has it). Kept are the
wheels of Linux (glibc) and macOS, x86-64 and arm64, CPython 3.11 to 3.14. No registry is named in
the result: pip takes the one its user has configured. A package without a wheel is an error, unless
requirements.in leaves it out by a line `# without NAME: reason`; pip installs with --no-deps, so
what is left out is not missed.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

PYTHONS = (11, 12, 13, 14)
MACHINES = {
    "linux": ("x86_64", "aarch64"),
    "darwin": ("x86_64", "arm64"),
}
PLATFORM = re.compile(r"any|manylinux.*_(x86_64|aarch64)|macosx.*_(x86_64|arm64|universal2)")


def main(source: Path) -> None:
    text = source.read_text()
    left_out = set(re.findall(r"^# without (\S+):", text, re.MULTILINE))
    target = source.with_suffix(".txt")
    lines = [
        f"# Made from {source.name} by ops/python/lock.py; do not edit. Wheels of Linux and macOS,",
        "# x86-64 and arm64, CPython 3.11 to 3.14; pip --require-hashes --only-binary :all: --no-deps.",
    ]
    for package in sorted(resolve(source, left_out), key=lambda one: one["name"]):
        if package["name"] not in left_out:
            lines += entry(package)
    target.write_text("\n".join(lines) + "\n")
    print(f"{target}: {sum('==' in line for line in lines)} packages")


def resolve(source: Path, left_out: set[str]) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        override = Path(folder) / "override.txt"
        override.write_text("".join(f"{name} ; sys_platform == 'none'\n" for name in left_out))
        result = Path(folder) / "pylock.toml"
        subprocess.run(
            ["uv", "pip", "compile", str(source), "--universal", "--python-version", "3.11"]
            + ["--only-binary", ":all:", "--format", "pylock.toml", "--quiet"]
            + ["--override", str(override), "--output-file", str(result)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return tomllib.loads(result.read_text())["packages"]


def entry(package: dict) -> list[str]:
    name, version = package["name"], package["version"]
    marker = marker_of(package.get("marker"))
    if marker is None:
        return []
    hashes = sorted({one["hashes"]["sha256"] for one in package.get("wheels", []) if fits(one)})
    if not hashes:
        raise SystemExit(f"{name} {version} has no wheel for our platforms: pin another")
    first = f"{name}=={version}" + (f" ; {marker}" if marker else "")
    return [f"{first} \\"] + [f"    --hash=sha256:{one} \\" for one in hashes[:-1]] + [
        f"    --hash=sha256:{hashes[-1]}"
    ]


def marker_of(text: str | None) -> str | None:
    """'' where it holds on all of our platforms, None where on none, else what uv said."""
    if not text:
        return ""
    holds = {Marker(text).evaluate(environment) for environment in environments()}
    if holds == {True}:
        return ""
    return None if holds == {False} else text


def environments() -> list[dict[str, str]]:
    return [
        {
            "sys_platform": system,
            "platform_machine": machine,
            "platform_system": system.capitalize(),
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "python_version": f"3.{minor}",
            "python_full_version": f"3.{minor}.9",
        }
        for system, machines in MACHINES.items()
        for machine in machines
        for minor in PYTHONS
    ]


def fits(wheel: dict) -> bool:
    file = wheel.get("name") or wheel["url"].rsplit("/", 1)[1]
    *_, tags = parse_wheel_filename(file)
    return any(PLATFORM.fullmatch(tag.platform) and runs(tag) for tag in tags)


def runs(tag: Tag) -> bool:
    if tag.interpreter in ("py3", "py2.py3"):
        return True
    minor = re.fullmatch(r"cp3(\d+)", tag.interpreter)
    if minor is None or (tag.abi.startswith("cp") and tag.abi.endswith("t")):
        return False
    return int(minor[1]) in PYTHONS or (tag.abi == "abi3" and int(minor[1]) <= PYTHONS[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
