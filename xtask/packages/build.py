#!/usr/bin/env python3
"""Writes the npm packages and Python wheels that carry the program.

    build.py OUT TARGET=PROGRAM ...

TARGET is a Rust target, PROGRAM the binary that was built for it. OUT gets

    npm/devtasks/                  the launcher; it depends on those below, each for one system
    npm/devtasks-linux-x64/ ...    for `npm pack` or `npm publish`
    wheels/devtasks-*.whl          one for each target

Python's standard library is all it needs. Version, description and license are those of Cargo.toml.
"""

import base64
import hashlib
import json
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
NAME = "devtasks"

# Rust's target: npm's system and processor, the tags of the wheel. A program without libc runs on glibc and musl. One
# that is linked to the glibc of the machine has the tag that indexes refuse: it is for that machine.
TARGETS = {
    "x86_64-unknown-linux-musl": ("linux", "x64", "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"),
    "aarch64-unknown-linux-musl": ("linux", "arm64", "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"),
    "x86_64-apple-darwin": ("darwin", "x64", "macosx_10_12_x86_64"),
    "aarch64-apple-darwin": ("darwin", "arm64", "macosx_11_0_arm64"),
    "x86_64-pc-windows-msvc": ("win32", "x64", "win_amd64"),
    "x86_64-unknown-linux-gnu": ("linux", "x64", "linux_x86_64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64", "linux_aarch64"),
}


def facts():
    """What Cargo.toml says of the program."""
    workspace = tomllib.loads((TOP / "Cargo.toml").read_text())["workspace"]["package"]
    package = tomllib.loads((TOP / "xtask/Cargo.toml").read_text())["package"]
    return {
        "version": workspace["version"],
        "license": workspace["license"],
        "repository": workspace["repository"],
        "description": package["description"],
        "keywords": package["keywords"],
    }


def write_npm(out, package, files):
    """One package: `files` are pairs of a path in it and a file."""
    directory = out / "npm" / package["name"]
    for path, source in files:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, directory / path)
        (directory / path).chmod(0o755 if path.startswith("bin/") else 0o644)
    (directory / "package.json").write_text(json.dumps(package, indent=2) + "\n")


def npm(out, about, programs):
    shared = {
        "version": about["version"],
        "license": about["license"],
        "repository": {"type": "git", "url": f"git+{about['repository']}.git"},
    }
    license_file = ("LICENSE", TOP / "LICENSE")
    names = []
    for target, program in programs.items():
        system, processor, _ = TARGETS[target]
        file = "bin/devtasks.exe" if system == "win32" else "bin/devtasks"
        package = {
            "name": f"{NAME}-{system}-{processor}",
            "description": f"The program of {NAME} for {system} {processor}",
            **shared,
            "os": [system],
            "cpu": [processor],
            "files": ["bin"],
            # Without it, Yarn keeps packages zipped, where no program can be started.
            "preferUnplugged": True,
        }
        write_npm(out, package, [(file, program), license_file])
        names.append(package["name"])
    launcher = {
        "name": NAME,
        "description": about["description"],
        "keywords": about["keywords"],
        **shared,
        "bin": {NAME: "bin/devtasks.js"},
        "man": ["devtasks.1"],
        "files": ["bin", "devtasks.1"],
        "engines": {"node": ">=18"},
        "optionalDependencies": {name: about["version"] for name in sorted(names)},
    }
    files = [
        ("bin/devtasks.js", HERE / "npm/bin/devtasks.js"),
        ("devtasks.1", TOP / "docs/devtasks.1"),
        ("README.md", TOP / "README.md"),
        license_file,
    ]
    write_npm(out, launcher, files)


def wheel(out, about, target, program):
    """Source: packaging.python.org, "Binary distribution format"; core metadata 2.4."""
    system, _, tags = TARGETS[target]
    version = about["version"].replace("-", "")
    info = f"{NAME}-{version}.dist-info"
    data = f"{NAME}-{version}.data"
    file = "devtasks.exe" if system == "win32" else "devtasks"
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {NAME}",
        f"Version: {version}",
        f"Summary: {about['description']}",
        f"Keywords: {','.join(about['keywords'])}",
        f"License-Expression: {about['license']}",
        "License-File: LICENSE",
        f"Project-URL: Repository, {about['repository']}",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    described = "\n".join(metadata) + "\n\n" + (TOP / "README.md").read_text()
    kind = ["Wheel-Version: 1.0", f"Generator: {NAME}", "Root-Is-Purelib: false"]
    kind += [f"Tag: py3-none-{tag}" for tag in tags.split(".")]
    files = {
        f"{data}/scripts/{file}": Path(program).read_bytes(),
        f"{data}/data/share/man/man1/devtasks.1": (TOP / "docs/devtasks.1").read_bytes(),
        f"{info}/licenses/LICENSE": (TOP / "LICENSE").read_bytes(),
        f"{info}/METADATA": described.encode(),
        f"{info}/WHEEL": ("\n".join(kind) + "\n").encode(),
    }
    record = ""
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    (out / "wheels").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / "wheels" / f"{NAME}-{version}-py3-none-{tags}.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            # The same bytes for the same program: no date of today.
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if "/scripts/" in path else 0o100644) << 16
            archive.writestr(entry, content)


def main(out, words):
    programs = dict(word.split("=", 1) for word in words)
    unknown = programs.keys() - TARGETS.keys()
    if unknown or not programs:
        sys.exit(f"{', '.join(unknown) or 'no target'}: TARGET=PROGRAM with one of {', '.join(TARGETS)}")
    about = facts()
    npm(out, about, programs)
    for target, program in programs.items():
        wheel(out, about, target, program)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
