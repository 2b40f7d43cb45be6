"""Run by a venv's interpreter: prints its version, then whether its packages are what is asked for.

Without an argument only the version. The argument is a JSON object: `sites`, the directories with its packages;
`files`, requirement files; `requirements`, lines as in such a file; `bundled`, whether pip may be read from the wheel
that Python brings, which is slow. Answers with one: `lacks`, a list of `requirement` and `installed`; `files`, all that
were read; `missing_file`; `why` nothing can be told.

Started with -I -S, so that no code of the user runs. It must be valid for every Python, so that the first line is
always printed.
"""

import sys

sys.stdout.write("%d.%d.%d\n" % tuple(sys.version_info[:3]))
sys.stdout.flush()


class Unable(Exception):
    """Nothing can be told, for this reason."""


class MissingFile(Exception):
    pass


def with_more(sites):
    """The directories that the venv's own .pth files and its base add."""
    import os

    found = list(sites)
    for site in sites:
        for name in sorted(os.listdir(site)):
            if name.endswith(".pth"):
                with open(os.path.join(site, name), errors="replace") as file:
                    lines = [os.path.join(site, line.strip()) for line in file if not line.startswith("import")]
                found += [line for line in lines if os.path.isdir(line) and line not in found]
        config = os.path.join(site, os.pardir, os.pardir, os.pardir, "pyvenv.cfg")
        if os.path.isfile(config):
            with open(config, errors="replace") as file:
                settings = [line.replace(" ", "").strip().lower() for line in file]
            if "include-system-site-packages=true" in settings:
                import site as of_base

                base = getattr(sys, "base_prefix", sys.prefix)
                found += [path for path in of_base.getsitepackages([base]) if os.path.isdir(path)]
    return found


def packaging(sites, bundled):
    """The modules `requirements` and `utils` of packaging, or of its copy in pip."""
    import importlib

    places = list(sites)
    if bundled:
        import glob
        import os

        library = os.path.dirname(os.__file__)
        places += glob.glob(os.path.join(library, "ensurepip", "_bundled", "pip-*.whl"))
        places += glob.glob("/usr/share/python-wheels/pip-*.whl")
    before = list(sys.path)
    sys.path += places
    try:
        for name in ("packaging", "pip._vendor.packaging"):
            try:
                return [importlib.import_module(name + module) for module in (".requirements", ".utils")]
            except ImportError:
                pass
    finally:
        sys.path[:] = before
    raise Unable("neither `packaging` nor pip is there")


class Judge:
    def __init__(self):
        self.lines = []
        self.files = []
        self.lacks = []

    def judge(self, sites, bundled):
        try:
            from importlib import metadata
        except ImportError:
            raise Unable("Python %d.%d cannot list its packages" % tuple(sys.version_info[:2]))
        sites = with_more(sites)
        self.requirements, utils = packaging(sites, bundled)
        self.canonical = utils.canonicalize_name
        self.installed = {}
        for distribution in metadata.distributions(path=sites):
            name = distribution.metadata["Name"]
            if name:
                self.installed.setdefault(self.canonical(name), distribution)
        self.judged = {}
        self.constraints = []
        for line, is_constraint in self.lines:
            self.line(line, is_constraint)
        self.constrain()

    def file(self, path, is_constraint):
        import io
        import os
        import re

        path = os.path.abspath(path)
        if path in self.files:
            return
        self.files.append(path)
        try:
            with io.open(path, encoding="utf-8-sig", errors="replace") as file:
                text = file.read()
        except (IOError, OSError):
            raise MissingFile(path)
        # As pip reads them: continued lines, comments, variables of the environment.
        for line in re.sub(r"\\\r?\n", "", text).splitlines():
            line = re.sub(r"(^|\s+)#.*$", "", line).strip()
            line = re.sub(r"\$\{([A-Z0-9_]+)\}", lambda it: os.environ.get(it.group(1), it.group(0)), line)
            include = re.match(r"(-r|--requirement|-c|--constraint)(?:\s+|\s*=\s*|(?<=-[rc]))(.+)$", line)
            if include:
                option, other = include.groups()
                if "://" not in other:
                    other = os.path.join(os.path.dirname(path), other.strip("\"'"))
                    self.file(other, is_constraint or option in ("-c", "--constraint"))
            elif line and not line.startswith("-"):
                self.lines.append((re.split(r"\s+--?[a-z]", line)[0], is_constraint))

    def line(self, line, is_constraint):
        try:
            requirement = self.requirements.Requirement(line)
        except self.requirements.InvalidRequirement:
            # A path or a URL: its name is not known.
            return
        if is_constraint:
            self.constraints.append(requirement)
        else:
            self.requirement(requirement, [""])

    def requirement(self, requirement, extras):
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in extras):
            return
        name = self.canonical(requirement.name)
        distribution = self.installed.get(name)
        if distribution is None:
            return self.lack(requirement, None)
        if not self.holds(requirement, distribution):
            self.lack(requirement, distribution.version)
        new = set(requirement.extras) - self.judged.setdefault(name, set())
        self.judged[name] |= new
        if new:
            for line in distribution.requires or []:
                needed = self.requirements.Requirement(line)
                # What it needs without extras was installed together with it.
                if needed.marker and not needed.marker.evaluate({"extra": ""}):
                    self.requirement(needed, sorted(new))

    def constrain(self):
        for constraint in self.constraints:
            name = self.canonical(constraint.name)
            if name in self.judged and not (constraint.marker and not constraint.marker.evaluate({"extra": ""})):
                distribution = self.installed[name]
                if not self.holds(constraint, distribution):
                    self.lack(constraint, distribution.version)

    def holds(self, requirement, distribution):
        """Whether the version is right. Of what comes from a URL or is edited in place, it says nothing."""
        if requirement.url or distribution.read_text("direct_url.json"):
            return True
        return requirement.specifier.contains(distribution.version, prereleases=True)

    def lack(self, requirement, installed):
        text = str(requirement).split(";")[0].strip()
        lack = {"requirement": text, "installed": installed}
        if lack not in self.lacks:
            self.lacks.append(lack)


def answer(question):
    found = {"lacks": [], "files": [], "missing_file": None, "why": None}
    try:
        judge = Judge()
        found["lacks"], found["files"] = judge.lacks, judge.files
        for path in question["files"]:
            judge.file(path, False)
        judge.lines += [(line, False) for line in question["requirements"]]
        judge.judge(question["sites"], question["bundled"])
    except Unable as reason:
        found["why"] = str(reason)
    except MissingFile as path:
        found["missing_file"] = str(path)
    except Exception as error:
        found["why"] = "%s: %s" % (type(error).__name__, error)
    return found


if len(sys.argv) > 1:
    import json

    sys.stdout.write(json.dumps(answer(json.loads(sys.argv[1]))) + "\n")
