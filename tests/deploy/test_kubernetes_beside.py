"""What is applied beside the overlays, by hand: the operator's pod, and who finds the figures."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from deploy.installation import kubernetes
from shared.kit.settings import OF_AN_INSTALLATION, OF_ONE_SERVICE, KitSettings
from tests.deploy.test_kubernetes import FOLDER, OURS, OVERLAYS, container, of_kind


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def test_the_operators_pod_keeps_to_the_api_and_is_held_as_tightly_as_the_job_it_is_like() -> None:
    pod, job = read("ops.yaml"), of_kind("production", "Job")["topology"]["spec"]["template"]["spec"]
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
    (ours,), (theirs,) = pod["spec"]["containers"], job["containers"]
    assert pod["spec"]["securityContext"] == job["securityContext"]
    assert ours["securityContext"] == theirs["securityContext"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["activeDeadlineSeconds"] <= 3600
    assert ours["image"] == theirs["image"]


def test_the_operators_pod_is_told_what_there_is(tmp_path: Path) -> None:
    pod = read("ops.yaml")
    (only,) = pod["spec"]["containers"]
    known = {field.upper() for field in KitSettings.model_fields} | OF_ONE_SERVICE | OF_AN_INSTALLATION
    assert {each["name"].removeprefix("LOUNGE_") for each in only["env"]} <= known
    made = {each["metadata"]["name"]: set(each["data"]) for each in _secrets(tmp_path)}
    mounted = {each["name"]: each["secret"]["secretName"] for each in pod["spec"]["volumes"] if "secret" in each}
    assert mounted["mongo"] == f"lounge-admin-{kubernetes.BACKUP}"
    assert "ops.nk" in made[mounted["keys"]]
    assert "members.secret" in made[mounted["members"]]


def test_the_operators_pod_reaches_mongodb() -> None:
    label = read("ops.yaml")["metadata"]["labels"]["app.kubernetes.io/name"]
    for overlay in OVERLAYS:
        rule = of_kind(overlay, "NetworkPolicy")["to-mongo"]["spec"]["podSelector"]["matchExpressions"][0]
        assert label in rule["values"]


def test_the_monitor_finds_every_service_on_the_port_that_shows_its_figures() -> None:
    spec = read("podmonitor.yaml")["spec"]
    (end,) = spec["podMetricsEndpoints"]
    for name in OURS:
        deployment = of_kind("production", "Deployment")[name]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert labels[spec["jobLabel"]] == name
        assert end["port"] in {port["name"] for port in container(deployment)["ports"]}


def _secrets(folder: Path) -> list[dict[str, Any]]:
    made = kubernetes.manifests(folder, hosts=["h:1"], smtp="smtp://m", ca=None, sites=[])
    items: list[dict[str, Any]] = made["items"]
    return items
