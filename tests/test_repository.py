"""What holds for the files themselves: the image's recipe, the locks, and words that must not be in them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connector.config.service import Listen

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's (instruction, arguments), continued lines joined, comments left out."""
    text = re.sub(r"\\\n\s*", " ", "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#")))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_of_files_that_exist() -> None:
    stages = {arguments.split()[-1] for name, arguments in instructions() if name == "FROM" and " AS " in arguments}
    for name, arguments in instructions():
        if name != "COPY":
            continue
        words = arguments.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), f"COPY {source}"


def test_the_image_runs_as_nobody_special_and_says_what_it_runs() -> None:
    told = instructions()
    users = [arguments for name, arguments in told if name == "USER"]
    assert users, "no USER"
    assert users[-1].isdigit(), "a number, so that Kubernetes can see that it is not root"
    assert int(users[-1]) > 0
    last = dict(told)
    assert last["ENTRYPOINT"] == '["connector"]', "exec form: signals reach the program"
    assert last["CMD"].startswith("[")
    bases = [arguments.split()[0] for name, arguments in told if name == "FROM"]
    assert all(re.search(r":\d", base) for base in bases), "no floating base image"


def test_the_image_installs_only_what_is_locked() -> None:
    runs = " ".join(arguments for name, arguments in instructions() if name == "RUN")
    installs = re.findall(r"pip install ([^&]*)", runs)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install, install


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_each_package_is_pinned_and_hashed_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    for package in packages:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", package), package[:60]
        assert "--hash=sha256:" in package, package[:60]


def test_the_lock_for_tests_holds_the_very_versions_of_the_one_for_running() -> None:
    run, dev = (set(re.findall(r"^(\S+==\S+)", lock.read_text(), re.MULTILINE)) for lock in sorted(LOCKS)[::-1])
    assert run <= dev


def test_no_file_names_a_machine_or_a_package_index() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout here")
    bad = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w|pypi\.org/simple|files\.pythonhosted", re.IGNORECASE)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix == ".png" or path == Path(__file__) or not path.is_file():
            continue
        found = bad.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{name}: {found and found[0]}"


# ------------------------------------------------------------ how it is run: compose, systemd, Kubernetes
def yaml_documents(name: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all((ROOT / name).read_text(encoding="utf-8")))


COMPOSE = yaml_documents("compose.yaml")[0]
UNIT = (ROOT / "deploy" / "nps-connector.service").read_text(encoding="utf-8")
KUBERNETES = {name: yaml_documents(f"deploy/kubernetes/{name}.yaml") for name in ("deployment", "cronjob")}
PORT = "9464"


def parses(words: list[str]) -> None:
    """The words are a command of ours with options it has."""
    from connector.cli import main

    command = main.load(words[0])
    command.make_context("connector", words[1:])


def test_the_image_says_how_it_is_well_and_the_command_exists() -> None:
    last = dict(instructions())
    words = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    assert words[0] == "connector"
    parses(words[1:])
    parses(json.loads(last["CMD"]))
    assert words[-1].endswith(f":{last['EXPOSE']}")
    assert last["EXPOSE"] == PORT == Listen().private.rpartition(":")[2]


def test_the_last_stage_builds_nothing() -> None:
    names = [name for name, _ in instructions()]
    last_stage = instructions()[len(names) - 1 - names[::-1].index("FROM") :]
    assert not [arguments for name, arguments in last_stage if name == "RUN" and "pip" in arguments + " apt"]


def test_each_service_of_compose_is_confined() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert re.search(r":\d", service["image"]), name
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        named = {volume.split(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert named <= set(COMPOSE["volumes"]), name


def test_compose_runs_the_image_as_its_own_user_and_gives_it_time_to_park() -> None:
    service = COMPOSE["services"]["connector"]
    parses(service["command"])
    assert service["user"].split(":")[0] == dict(instructions())["USER"]
    assert int(service["stop_grace_period"].rstrip("s")) > 10
    assert "ports" not in service, "the private listener is published nowhere"
    assert service["environment"]["CONNECTOR_CONFIG"] == "/config/nps.yaml"
    assert service["environment"]["CONNECTOR_DATABASE_URL_FILE"] == "${CONNECTOR_DATABASE_URL_FILE:-}"
    assert "CONNECTOR_DATABASE_URL" not in service["environment"], "it holds a password, and docker inspect shows it"
    assert "database_url" in service["secrets"]
    assert [name for name, other in COMPOSE["services"].items() if "profiles" not in other] == ["connector"]
    assert COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"].startswith("/run/secrets/")


def test_the_proxy_reaches_the_public_listener_only() -> None:
    proxy = COMPOSE["services"]["proxy"]
    assert proxy["command"][-1] == "connector:9465"
    assert PORT not in json.dumps(proxy)
    told = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert Listen().private == f"127.0.0.1:{PORT}"
    assert set(re.findall(rf"[\w.]+:{PORT}", told)) == {Listen().private}, "no network reaches the private listener"


def test_the_unit_is_hardened_and_runs_what_exists() -> None:
    keys = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))
    parses(keys["ExecStart"].split()[1:])
    assert keys["ExecReload"].startswith("/bin/kill -HUP")
    assert int(keys["TimeoutStopSec"]) > 10
    assert keys["NoNewPrivileges"] == keys["PrivateTmp"] == keys["RemoveIPC"] == "yes"
    assert keys["ProtectSystem"] == "strict"
    assert keys["CapabilityBoundingSet"] == ""
    assert keys["RestartPreventExitStatus"] == "2"
    assert "example." not in UNIT, "no address that leads nowhere"


def test_commands_by_hand_run_as_the_service_does() -> None:
    keys = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    user, data = keys["User"], f"/var/lib/{keys['StateDirectory']}"
    assert "DynamicUser" not in keys, "its data would be root's alone below /var/lib/private"
    assert "LoadCredential" not in keys, "credentials are gone while the service is stopped"
    assert re.search(rf"sudo useradd --system .* {user}\n", told)
    assert re.search(rf"sudo install -d -m 0700 -o {user} -g {user} \S+/secrets {data}\n", told)
    assert re.search(rf"sudo install -m 0400 -o {user} ", told)
    program = keys["ExecStart"].split()[0]
    line = re.search(rf"sudo -u {user} env -C {data} (\S+) {program} (\w+)\n", told)
    assert line is not None
    assert f"Environment={line[1]}" in UNIT.splitlines()
    parses([line[2]])


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_the_pods_are_confined_and_run_what_exists(kind: str) -> None:
    claim, workload = KUBERNETES[kind.lower()]
    assert (claim["kind"], workload["kind"]) == ("PersistentVolumeClaim", kind), "one way to run it in each file"
    spec = workload["spec"]
    template = spec["template"] if kind == "Deployment" else spec["jobTemplate"]["spec"]["template"]
    pod = template["spec"]
    (container,) = pod["containers"]
    parses(container["args"])
    assert str(pod["securityContext"]["runAsUser"]) == dict(instructions())["USER"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch", "else all is opened at each start"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["image"] == COMPOSE["services"]["connector"]["image"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert f"kubectl create configmap {volumes['config']['configMap']['name']} " in told
    assert f"kubectl create secret generic {volumes['secrets']['secret']['secretName']} " in told
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert f"deploy/kubernetes/{kind.lower()}.yaml" in told
    if kind == "Deployment":
        assert pod["terminationGracePeriodSeconds"] > 10
        assert str(container["ports"][0]["containerPort"]) == PORT
        paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert paths == {"/healthz", "/readyz"}


def test_the_image_is_tagged_with_the_version_there_is() -> None:
    from connector import __version__

    assert COMPOSE["services"]["connector"]["image"] == f"nps-connector:{__version__}"
