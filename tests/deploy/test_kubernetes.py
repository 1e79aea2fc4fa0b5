"""The manifests, as kustomize renders them: valid for the API, held tightly, and told only what exists."""

import base64
import copy
import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.installation import kubernetes
from deploy.mongo.admin import SEVERAL
from deploy.nats.keys import KeyFolder, public_of
from deploy.nats.server import NatsServer
from shared.contracts.topology import DURABLES, SERVICES, inbox_prefix, ingest_durable
from shared.kit.nats.addresses import servers_of
from tests.support.engine import ROOT
from tests.support.programs import kubectl
from tests.support.settings import SETTINGS

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("one-node", "production")
OURS = (*SERVICES, "gateway")
CUSTOM = {"ScaledObject", "MongoDBCommunity"}
"""Kinds of others' operators: their schemas are not the API's."""
Manifest = dict[str, Any]


@functools.cache
def rendered(overlay: str) -> tuple[Manifest, ...]:
    argv = [kubectl(), "kustomize", str(FOLDER / "overlays" / overlay)]
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return tuple(yaml.safe_load_all(text))


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in rendered(overlay) if each["kind"] == kind}


def container(deployment: Manifest) -> Manifest:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)


def valid(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_keeps_to_the_schemas_of_the_api(overlay: str) -> None:
    ours = [each for each in rendered(overlay) if each["kind"] not in CUSTOM]
    assert len(ours) >= 17
    for each in ours:
        valid(each)


def test_a_manifest_that_does_not_is_noticed() -> None:
    wrong = copy.deepcopy(of_kind("production", "Deployment")["booking"])
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(wrong)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", OURS)
def test_a_service_is_watched_bounded_and_held(overlay: str, name: str) -> None:
    deployment = of_kind(overlay, "Deployment")[name]
    pod, only = deployment["spec"]["template"]["spec"], container(deployment)
    assert only["readinessProbe"]["httpGet"]["path"] == only["startupProbe"]["httpGet"]["path"] == "/health/ready"
    assert only["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert only["resources"]["limits"]["memory"]
    assert only["resources"]["requests"].keys() == {"cpu", "memory"}
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    assert only["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert only["securityContext"]["allowPrivilegeEscalation"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > 9
    assert only["image"].startswith(f"lounge/{name}:")


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", OURS)
def test_a_service_is_told_its_settings_by_names_it_knows(overlay: str, name: str) -> None:
    environment = {each["name"]: each["value"] for each in container(of_kind(overlay, "Deployment")[name])["env"]}
    environment |= of_kind(overlay, "ConfigMap")["lounge"]["data"]
    assert set(environment) <= {f"LOUNGE_{field.upper()}" for field in SETTINGS[name].model_fields}
    assert environment["LOUNGE_NATS_INBOX_PREFIX"] == inbox_prefix(name)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", OURS)
def test_the_secrets_made_are_those_mounted(overlay: str, name: str, tmp_path: Path) -> None:
    deployment = of_kind(overlay, "Deployment")[name]
    wanted = [each["value"] for each in container(deployment)["env"] if each["name"].endswith("_FILE")]
    volumes = {each["name"]: each for each in deployment["spec"]["template"]["spec"]["volumes"]}
    secret = volumes["handed"]["secret"]["secretName"]
    made = kubernetes.manifests(tmp_path, hosts=["h:1"], smtp="smtp://m", ca=None, sites=[])["items"]
    (files,) = [set(each["data"]) for each in made if each["metadata"]["name"] == secret]
    assert files == {path.removeprefix("/run/lounge/") for path in wanted}


def test_in_production_each_service_has_a_budget_of_disruption_and_one_way_to_scale() -> None:
    assert set(of_kind("production", "PodDisruptionBudget")) == set(OURS)
    by_cpu = {
        each["spec"]["scaleTargetRef"]["name"] for each in of_kind("production", "HorizontalPodAutoscaler").values()
    }
    by_lag = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind("production", "ScaledObject").values()}
    assert by_cpu | by_lag == set(OURS)
    assert not by_cpu & by_lag


def test_one_node_can_be_drained() -> None:
    assert not of_kind("one-node", "PodDisruptionBudget")


def test_who_is_scaled_by_lag_is_scaled_by_every_durable_of_its_own_and_no_other() -> None:
    scaled = of_kind("production", "ScaledObject")
    assert set(scaled) == {"events", "notify"}
    for name, each in scaled.items():
        told = [trigger["metadata"] for trigger in each["spec"]["triggers"]]
        known = [d for d in (*DURABLES, ingest_durable("nyc")) if d.name.startswith(f"{name}__")]
        assert sorted((each["stream"], each["consumer"]) for each in told) == sorted((d.stream, d.name) for d in known)


def test_who_is_scaled_is_given_no_number_of_replicas_beside_it() -> None:
    assert [name for name, each in of_kind("production", "Deployment").items() if "replicas" in each["spec"]] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_gateway_takes_what_is_still_sent_to_it_before_it_stops(overlay: str) -> None:
    deployment = of_kind(overlay, "Deployment")["gateway"]
    waits = container(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert waits >= 5
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > waits + 9


@pytest.mark.parametrize(("overlay", "servers"), [("one-node", 1), ("production", 3)])
def test_every_nats_server_is_asked_whether_it_syncs(overlay: str, servers: int) -> None:
    told = of_kind(overlay, "ConfigMap")["lounge"]["data"]["LOUNGE_NATS_MONITOR_URL"]
    assert servers_of(told) == [f"http://nats-{number}.nats-headless:8222" for number in range(servers)]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_mongod_logs_no_operation_with_its_values(overlay: str) -> None:
    (mongo,) = of_kind(overlay, "MongoDBCommunity").values()
    assert mongo["spec"]["additionalMongodConfig"]["operationProfiling.slowOpSampleRate"] == 0


def test_three_members_elect_as_soon_as_ours_do() -> None:
    (mongo,) = of_kind("production", "MongoDBCommunity").values()
    assert mongo["spec"]["automationConfig"]["replicaSet"]["settings"] == SEVERAL


def test_a_cluster_gives_up_a_server_that_hangs_and_keeps_room_for_every_copy(tmp_path: Path) -> None:
    KeyFolder(tmp_path / "nats").seed_file("site-nyc")
    three, one = (kubernetes.chart_values(tmp_path, replicas=n, gigabytes=1)["config"] for n in (3, 1))
    assert three["cluster"]["merge"] == {"ping_interval": "2s", "ping_max": 2}
    room = {n: each["merge"]["accounts"]["SITE_nyc"]["jetstream"]["max_file"] for n, each in ((3, three), (1, one))}
    assert room == {1: 256 * 1024**2, 3: 3 * 256 * 1024**2}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_is_reached_but_by_name(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["nobody"]["spec"].keys() == {"podSelector", "policyTypes"}
    mongo = policies["to-mongo"]["spec"]["podSelector"]["matchExpressions"][0]["values"]
    assert "gateway" not in mongo
    assert set(SERVICES) < set(mongo)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_has_its_own_database_user_and_no_right_beyond_it(overlay: str) -> None:
    (mongo,) = of_kind(overlay, "MongoDBCommunity").values()
    roles = {each["db"]: each["privileges"] for each in mongo["spec"]["security"]["roles"] if each["db"] != "admin"}
    assert set(roles) == set(SERVICES)
    for name, privileges in roles.items():
        assert privileges == [{"resource": {"db": name, "collection": ""}, "actions": ["find", "insert", "update"]}]
    users = {each["name"]: each for each in mongo["spec"]["users"]}
    assert all(users[name]["roles"] == [{"name": "service", "db": name}] for name in SERVICES)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_copies_may_read_every_services_database_and_change_none(overlay: str) -> None:
    (mongo,) = of_kind(overlay, "MongoDBCommunity").values()
    (role,) = [each for each in mongo["spec"]["security"]["roles"] if each["db"] == "admin"]
    assert {each["resource"]["db"] for each in role["privileges"]} == set(SERVICES)
    assert all(each["actions"] == ["find", "listCollections"] for each in role["privileges"])
    (user,) = [each for each in mongo["spec"]["users"] if each["name"] == kubernetes.BACKUP]
    assert user["roles"] == [{"name": role["role"], "db": "admin"}]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_user_of_the_set_has_a_password_among_the_secrets(overlay: str, tmp_path: Path) -> None:
    (mongo,) = of_kind(overlay, "MongoDBCommunity").values()
    made = kubernetes.manifests(tmp_path, hosts=["h:1"], smtp="smtp://m", ca=None, sites=[])["items"]
    wanted = {each["passwordSecretRef"]["name"] for each in mongo["spec"]["users"]}
    assert wanted == {each["metadata"]["name"] for each in made if each["metadata"]["name"].startswith("mongo-")}


def test_the_accounts_for_the_chart_are_ones_a_nats_server_takes(tmp_path: Path) -> None:
    kubernetes.manifests(tmp_path / "keys", hosts=["h:1"], smtp="smtp://m", ca=None, sites=["nyc"])
    merged = kubernetes.chart_values(tmp_path / "keys", replicas=3, gigabytes=1)["config"]["merge"]
    assert {"CORE", "SYS", "SITE_nyc"} == set(merged["accounts"])
    server = NatsServer(tmp_path / "server", keys=KeyFolder(tmp_path / "keys" / "nats"))
    server.folder.mkdir()
    server.write_config()
    config = json.loads(server.config.read_text())
    server.config.write_text(json.dumps(config | merged))
    checked = subprocess.run([*server_check(), server.config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def server_check() -> list[str | Path]:
    from deploy.embedded.binaries import nats_server  # noqa: PLC0415 — only here

    return [nats_server(), "-t", "--config"]


def test_passwords_are_kept_from_one_call_to_the_next(tmp_path: Path) -> None:
    def made() -> str:
        return json.dumps(kubernetes.manifests(tmp_path, hosts=["h:1"], smtp="smtp://m", ca=None, sites=["nyc"]))

    first = made()
    assert first == made()
    (secret,) = [each for each in json.loads(first)["items"] if each["metadata"]["name"] == "lounge-booking"]
    assert base64.b64decode(secret["data"]["mongo.url"]).startswith(b"mongodb://booking:")


def test_a_rotated_key_is_handed_out_beside_the_former_which_the_server_takes_until_it_is_withdrawn(
    tmp_path: Path,
) -> None:
    def handed() -> str:
        made = kubernetes.manifests(tmp_path, hosts=["h:1"], smtp="smtp://m", ca=None, sites=["nyc"])
        (secret,) = [each for each in made["items"] if each["metadata"]["name"] == "lounge-booking"]
        return base64.b64decode(secret["data"]["nats.nk"]).decode()

    def taken() -> set[str]:
        values = kubernetes.chart_values(tmp_path, replicas=1, gigabytes=1)
        return {each["nkey"] for each in values["config"]["merge"]["accounts"]["CORE"]["users"]}

    former = handed()
    before = taken()
    kubernetes.rotate(tmp_path, ["booking"])
    kubernetes.rotate(tmp_path, ["booking"])  # said again before the former is withdrawn: nothing more
    assert handed() != former
    assert taken() == before | {public_of(handed())}
    kubernetes.withdraw(tmp_path, ["nyc"])
    assert taken() == (before - {public_of(former)}) | {public_of(handed())}
