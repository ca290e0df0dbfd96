"""The rules of the house: who may include whom, one door for each library, names that say something, links that lead
somewhere."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each floor may include, beside itself and the standard library.
FLOORS = {
    "gateway/core": [],
    "gateway/normalize": ["gateway/core"],
    "gateway/store": ["gateway/core"],
    "gateway/flow": ["gateway/core", "gateway/normalize", "gateway/store"],
    "gateway/api": ["gateway/core", "gateway/store", "gateway/flow"],
    "connectors/transport": ["gateway/core"],
    "connectors/mqtt": ["gateway/core", "connectors/transport"],
    "connectors/local_broker": ["gateway/core", "connectors/transport", "connectors/mqtt"],
    "connectors/cloud_mqtt": ["gateway/core", "connectors/transport", "connectors/mqtt"],
    "connectors/azure_iot_hub": ["gateway/core", "connectors/transport", "connectors/cloud_mqtt"],
    "connectors/webhook": ["gateway/core", "connectors/transport"],
    "gateway/app": ["gateway/core", "gateway/normalize", "gateway/store", "gateway/flow", "gateway/api",
                    "connectors/transport", "connectors/mqtt", "connectors/local_broker", "connectors/cloud_mqtt",
                    "connectors/azure_iot_hub", "connectors/webhook"],
}
# The folders in which a library's headers may be opened. Most have one door.
DOORS = {
    "nlohmann/": ["gateway/normalize", "gateway/app"],
    "pugixml": ["gateway/normalize"],
    "csv.h": ["gateway/normalize"],
    "re2/": ["gateway/normalize"],
    "jq.h": ["gateway/normalize"],
    "jv.h": ["gateway/normalize"],
    "cctz/": ["gateway/normalize"],
    "yaml-cpp/": ["gateway/normalize"],
    "sqlite3.h": ["gateway/store"],
    "mosquitto": ["connectors/mqtt", "connectors/local_broker", "connectors/cloud_mqtt"],
    "mqtt_protocol.h": ["connectors/mqtt", "connectors/local_broker", "connectors/cloud_mqtt"],
    "httplib": ["connectors/webhook", "gateway/api"],
    "openssl/": ["connectors/transport", "connectors/mqtt", "connectors/webhook"],
    "zlib.h": ["connectors/webhook"],
    "CLI/": ["gateway/app"],
    "valijson/": ["gateway/normalize", "gateway/app"],
    "spdlog/": ["gateway/app"],
    "fmt/": ["gateway/app"],
    "systemd/": ["gateway/app"],
}
SYSTEM = re.compile(r"^(sys|arpa|netinet|net|linux)/|^(unistd|fcntl|poll|signal|netdb|pthread|dirent|time|errno|spawn|glob|ifaddrs|resolv|malloc|strings|getopt|csignal)\.h$")
TOP = {"gateway", "connectors", "schemas", "deploy", "tests", ".ci", ".github"}
UNTOLD = {"build", ".git", ".cache"}
SAYS_NOTHING = {"manager", "util", "utils", "helper", "helpers", "common", "misc", "base", "handler", "service", "impl"}
LINES_MAX = 400
# Written so that this file does not name them itself.
ELSEWHERE = [re.compile(r"(?<![\w.])/" + place + "/") for place in ("work", "farm")] + [re.compile(r"\.\./" + "shared")]


def files(*suffixes, under=ROOT):
    for path in sorted(under.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and parts[0] not in UNTOLD and "__pycache__" not in parts and ".pytest_cache" not in parts:
            if not suffixes or path.suffix in suffixes:
                yield path


def sources():
    return [path for floor in FLOORS for path in files(".h", ".cpp", under=ROOT / floor)]


def floor_of(path):
    return "/".join(path.relative_to(ROOT).parts[:2])


def includes(path):
    """(line number, "<" or '"', name) of every include."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


def fail_with(complaints):
    assert not complaints, "\n" + "\n".join(complaints)


def test_there_is_something_to_look_at():
    assert len(sources()) > 30


def test_every_floor_is_known():
    found = {floor_of(path) for top in ("gateway", "connectors") for path in files(".h", ".cpp", under=ROOT / top)}
    assert found <= set(FLOORS), f"no rule for {found - set(FLOORS)}"


def test_floors_include_only_what_is_below_them():
    complaints = []
    for path in sources():
        floor = floor_of(path)
        for number, kind, name in includes(path):
            if kind != '"':
                continue
            other = "/".join(name.split("/")[:2])
            if other != floor and other not in FLOORS[floor]:
                complaints.append(f"{path.relative_to(ROOT)}:{number}: {floor} may not include {name}")
            elif not (ROOT / name).exists():
                complaints.append(f"{path.relative_to(ROOT)}:{number}: write the path from the root: {name}")
    fail_with(complaints)


def test_each_library_has_its_door():
    complaints = []
    for path in sources():
        for number, kind, name in includes(path):
            if kind != "<" or "/" not in name and "." not in name or SYSTEM.search(name):
                continue
            door = next((folders for library, folders in DOORS.items() if name.startswith(library)), None)
            if door is None:
                complaints.append(f"{path.relative_to(ROOT)}:{number}: no door is known for <{name}>")
            elif floor_of(path) not in door:
                complaints.append(f"{path.relative_to(ROOT)}:{number}: <{name}> is opened in {' and '.join(door)} only")
    fail_with(complaints)


def test_no_library_shows_in_a_header_of_another_floor():
    """A header that a higher floor includes must not bring a library with it."""
    opens = {path: [name for _, kind, name in includes(path) if kind == "<" and any(name.startswith(library) for library in DOORS)]
             for path in sources() if path.suffix == ".h"}
    complaints = []
    for path in sources():
        for number, kind, name in includes(path):
            other = ROOT / name
            if kind == '"' and floor_of(path) != "/".join(name.split("/")[:2]) and opens.get(other):
                complaints.append(f"{path.relative_to(ROOT)}:{number}: {name} brings <{opens[other][0]}> along")
    fail_with(complaints)


def test_names_say_what_a_thing_is():
    complaints = []
    for path in files():
        for part in re.split(r"[/_.\- ]", str(path.relative_to(ROOT)).lower()):
            if part in SAYS_NOTHING and path.name != "sluice.service" and path.name != "test_17_service.py":
                complaints.append(f"{path.relative_to(ROOT)}: '{part}' says nothing")
    fail_with(complaints)


def test_files_are_not_too_long():
    long = [(path, len(path.read_text(encoding="utf-8").splitlines())) for path in files(".h", ".cpp", ".py", ".c")]
    fail_with([f"{path.relative_to(ROOT)}: {count} lines, at most {LINES_MAX}" for path, count in long if count > LINES_MAX])


def test_the_top_holds_the_known_folders_only():
    found = {path.name for path in ROOT.iterdir() if path.is_dir()} - UNTOLD - {".pytest_cache", "__pycache__"}
    assert found <= TOP, f"another folder at the top: {found - TOP}"


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json", ".ci/run", "tests/run",
                                  "deploy/quickstart", "deploy/sluice.yaml", "gateway/README.md", "connectors/README.md", "schemas/README.md"])
def test_is_there(name):
    assert (ROOT / name).exists()


def test_links_lead_somewhere():
    complaints = []
    for path in files(".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:|#", target):
                continue
            file, _, anchor = target.partition("#")
            goal = (path.parent / file).resolve()
            if not goal.exists():
                complaints.append(f"{path.relative_to(ROOT)}: {target} leads nowhere")
            elif anchor and goal.suffix == ".md" and anchor not in anchors(goal):
                complaints.append(f"{path.relative_to(ROOT)}: {file} has no heading #{anchor}")
    fail_with(complaints)


def anchors(path):
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_nothing_points_to_a_place_that_no_user_has():
    complaints = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if any(place.search(line) for place in ELSEWHERE):
                complaints.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    fail_with(complaints)


def test_no_test_is_switched_off_and_nothing_is_left_to_do():
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|GTEST_SK" + r"IP|DIS" + r"ABLED_\w+|pytest\.(mark\.)?sk" + r"ip|x" + r"fail)\b")
    complaints = []
    for path in files(".h", ".cpp", ".py", ".c", ".yaml", ".txt", ".cmake"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if words.search(line):
                complaints.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    fail_with(complaints)


def test_scripts_can_be_run():
    for name in (".ci/run", "tests/run", "deploy/quickstart", "deploy/install-packages"):
        assert (ROOT / name).stat().st_mode & 0o111, f"{name} is not executable"
