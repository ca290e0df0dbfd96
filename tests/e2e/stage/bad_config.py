"""Configurations and schemas that must be refused, each with words that the refusal must hold."""

GOOD = """\
gateway: { id: test, data_dir: DATA }
local_broker: { url: "mqtt://localhost:1883" }
"""

CONFIGS = {
    "broken YAML": ("gateway: { id: test\nlocal_broker: [", ["sluice.yaml:"]),
    "unknown key": (GOOD + "bufer: { size_max: 1GiB }\n", ["sluice.yaml:3:1", "bufer", "did you mean", "buffer"]),
    "unknown key inside": (GOOD + "buffer: { sise_max: 1GiB }\n", ["sluice.yaml:3:11", "sise_max", "size_max"]),
    "duplicate key": (GOOD + "buffer: { size_max: 1GiB, size_max: 2GiB }\n", ["sluice.yaml:3:", "size_max"]),
    "duplicate section": (GOOD + "buffer: {}\nbuffer: {}\n", ["sluice.yaml:4:1", "buffer"]),
    "wrong type": (GOOD + "buffer: { size_max: [1] }\n", ["sluice.yaml:3:", "size_max"]),
    "not a size": (GOOD + "buffer: { size_max: 1GB }\n", ["sluice.yaml:3:", "size_max", "1GB"]),
    "not a duration": (GOOD + "buffer: { age_max: 30 days }\n", ["sluice.yaml:3:", "age_max"]),
    "not one of": (GOOD + "buffer: { when_full: panic }\n", ["sluice.yaml:3:", "when_full", "drop_oldest", "hold"]),
    "unreadable secret": (GOOD.replace("1883\"", "1883\", username: u, password: \"${file:/nonexistent/secret}\""),
                          ["sluice.yaml:2:", "/nonexistent/secret"]),
    "missing variable": (GOOD.replace("1883\"", "1883\", username: u, password: \"${env:SLUICE_TEST_UNSET}\""),
                         ["sluice.yaml:2:", "SLUICE_TEST_UNSET"]),
    "no id": ("gateway: { data_dir: DATA }\nlocal_broker: { url: \"mqtt://localhost:1883\" }\n", ["gateway", "id"]),
    "no broker": ("gateway: { id: test }\n", ["local_broker", "url"]),
    "two clouds of one name": (GOOD + "clouds:\n" + 2 * "  - { name: a, type: webhook, url: \"https://localhost/\" }\n",
                               ["sluice.yaml:5:", "a"]),
    "plain http to elsewhere": (GOOD + "clouds:\n  - { name: a, type: webhook, url: \"http://example.org/\" }\n",
                                ["sluice.yaml:4:", "allow_plain"]),
    "bad secret": (GOOD + "clouds:\n  - { name: a, type: webhook, url: \"https://localhost/\", signing_secret: whsec_hunter2 }\n",
                   ["sluice.yaml:4:", "signing_secret"]),
    "two problems": (GOOD + "bufer: {}\nlogg: {}\n", ["sluice.yaml:3:1", "sluice.yaml:4:1"]),
}

SCHEMA = """\
family: mine
messages:
  - name: first
    topic: mine/{device}
    format: FORMAT
    readings: { value: ADDRESS }
"""


def schema(format_="json", address="/v", more=""):
    return SCHEMA.replace("FORMAT", format_).replace("ADDRESS", address) + more


SCHEMAS = {
    "unknown key": ([schema(more="    wen: /x\n")], ["mine.yaml:7:", "wen", "when"]),
    "bad XPath": ([schema("xml", "\"//[\"")], ["mine.yaml:6:", "XPath"]),
    "bad RE2": ([schema("text", "value", "    pattern: '(unclosed'\n")], ["mine.yaml:7:"]),
    "bad jq": ([schema(more="    jq: '.a | | .b'\n")], ["mine.yaml:7:", "jq"]),
    "two of one name": ([schema(), schema()], ["mine"]),
    "broken YAML": (["family: [mine"], ["mine.yaml:"]),
    "wrong type": ([schema(more="    device: [1]\n")], ["mine.yaml:7:", "device"]),
}
