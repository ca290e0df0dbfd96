"""A bad configuration or schema is refused before anything starts: exit code 78, and the place of every problem."""
import pytest
from stage import bad_config


def refused(gateway, words):
    for command in ("check", "run"):
        answer = gateway.command(command)
        said = answer.stdout + answer.stderr
        assert answer.returncode == 78, f"sluice {command} ended with {answer.returncode}: {said}"
        missing = [word for word in words if word not in said]
        assert not missing, f"sluice {command} does not say {missing}: {said}"
    assert not gateway.data.exists(), "a refused configuration has left something behind"


@pytest.mark.parametrize("name", bad_config.CONFIGS)
def test_configuration(stage, name):
    text, words = bad_config.CONFIGS[name]
    gateway = stage.gateway(stage.broker(start=False), start=False)
    gateway.config_file.write_text(text.replace("DATA", str(gateway.data)))
    refused(gateway, words)
    answer = gateway.command("check")
    assert "hunter2" not in answer.stdout + answer.stderr, "a secret is told"


@pytest.mark.parametrize("name", bad_config.SCHEMAS)
def test_schema(stage, name):
    texts, words = bad_config.SCHEMAS[name]
    folders = []
    for number, text in enumerate(texts):
        folder = stage.folder / f"schemas{number}"
        folder.mkdir()
        (folder / "mine.yaml").write_text(text)
        folders.append(str(folder))
    gateway = stage.gateway(stage.broker(start=False), start=False, schemas={"dirs": folders})
    refused(gateway, words)


def test_no_configuration_file(stage):
    gateway = stage.gateway(stage.broker(start=False), start=False)
    gateway.config_file.unlink()
    refused(gateway, ["sluice.yaml"])


def test_good_configuration_is_fine(stage):
    gateway = stage.gateway(stage.broker(start=False), start=False)
    assert gateway.command("check").returncode == 0
