"""The Kubernetes manifests, by its own schemas."""
import subprocess

import fetch
import pytest
import yaml
from conftest import FILES, PLUGINS

FOLDER = FILES / "kubernetes"
WAYS = ("plugins-from-init-container", "plugins-from-volume")
# The oldest and the newest that are looked at.
VERSIONS = ("1.27", "1.37")
VALIDATE = """
import sys, yaml, kubernetes_validate
for document in yaml.safe_load_all(sys.stdin):
    kubernetes_validate.validate(document, sys.argv[1], strict=True)
    print(document["kind"])
"""


def documents(name):
    return list(yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text()))


def stateful_set(way):
    document, = documents(way)
    return document


def validate(text, version):
    return subprocess.run([fetch.kubernetes_validate(), "-c", VALIDATE, version], input=text, capture_output=True, text=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ("common", *WAYS))
def test_kubernetes_takes_it(name, version):
    done = validate((FOLDER / f"{name}.yaml").read_text(), version)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [document["kind"] for document in documents(name)]


@pytest.mark.parametrize("right, wrong", [("runAsNonRoot:", "runAsNoRoot:"), ("periodSeconds: 2", "periodSeconds: 2s"),
                                          ("serviceName: kclhost", "")])
def test_a_mistake_would_be_found(right, wrong):
    text = (FOLDER / f"{WAYS[0]}.yaml").read_text()
    assert text.count(right) == 1
    assert validate(text.replace(right, wrong), VERSIONS[0]).returncode != 0


def test_both_ways_differ_in_the_plugins_alone():
    def without_plugins(way):
        document = stateful_set(way)
        pod = document["spec"]["template"]["spec"]
        pod.pop("initContainers", None)
        pod["volumes"] = [volume for volume in pod["volumes"] if volume["name"] != "plugins"]
        container, = pod["containers"]
        container["volumeMounts"] = [mount for mount in container["volumeMounts"] if mount["name"] != "plugins"]
        return document

    assert without_plugins(WAYS[0]) == without_plugins(WAYS[1])


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_is_there(way):
    common = {(document["kind"], document["metadata"]["name"]) for document in documents("common")}
    document = stateful_set(way)
    spec, pod = document["spec"], document["spec"]["template"]["spec"]
    container, = pod["containers"]
    assert ("Service", spec["serviceName"]) in common and ("ServiceAccount", pod["serviceAccountName"]) in common
    volumes = {volume["name"] for volume in pod["volumes"]} | {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
    for one in (container, *pod.get("initContainers", [])):
        assert {mount["name"] for mount in one["volumeMounts"]} <= volumes
    config, = (volume["configMap"]["name"] for volume in pod["volumes"] if volume["name"] == "config")
    assert ("ConfigMap", config) in common
    selector = spec["selector"]["matchLabels"]
    assert selector.items() <= spec["template"]["metadata"]["labels"].items()
    for kind, where in (("Service", ("selector",)), ("PodDisruptionBudget", ("selector", "matchLabels"))):
        other, = (document["spec"] for document in documents("common") if document["kind"] == kind)
        for key in where:
            other = other[key]
        assert other == selector


@pytest.mark.parametrize("way", WAYS)
def test_it_runs_with_few_rights(way):
    pod = stateful_set(way)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
    for container in (*pod["containers"], *pod.get("initContainers", [])):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}


@pytest.fixture
def configuration(tmp_path):
    """The ConfigMap's, with the places of this machine."""
    text, = (document["data"]["kclhost.yaml"] for document in documents("common") if document["kind"] == "ConfigMap")
    (tmp_path / "jars").mkdir()
    for theirs, ours in (("plugins_dir: /plugins", f"plugins_dir: {PLUGINS}"), ("state_dir: /var/lib/kclhost", f"state_dir: {tmp_path}/state"),
                         ("jars: /opt/kclhost/jars", f"jars: {tmp_path}/jars"), ("output_dir: /var/lib/kclhost", f"output_dir: {tmp_path}")):
        assert text.count(theirs) == 1
        text = text.replace(theirs, ours)
    (tmp_path / "kclhost.yaml").write_text(text)
    return tmp_path / "kclhost.yaml"


@pytest.mark.parametrize("way", WAYS)
def test_kclhost_takes_its_configuration(way, configuration, check, grace):
    pod = stateful_set(way)["spec"]["template"]["spec"]
    container, = pod["containers"]
    environment = {one["name"]: "kclhost-0" for one in container["env"]}
    check(configuration, environment)
    assert pod["terminationGracePeriodSeconds"] > grace(configuration, environment)
    port, = (port["containerPort"] for port in container["ports"] if port["name"] == "metrics")
    assert yaml.safe_load(configuration.read_text())["metrics"]["listen"] == f"0.0.0.0:{port}"
    assert {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")} == {"/healthz"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
