"""The kubeconfig of AKS, rewritten for kubelogin."""

import pytest
import yaml

from components.azure.kubeconfig import with_kubelogin

SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
FROM_AKS = """
apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster: {server: "https://aks.example:443", certificate-authority-data: Y2E=}
contexts:
- name: aks
  context: {cluster: aks, user: clusterUser_rg_aks}
current-context: aks
preferences: {}
users:
- name: clusterUser_rg_aks
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, devicecode, --server-id, other, --client-id, app, --tenant-id, tenant]
      env: null
"""


def test_every_user_signs_in_the_given_way() -> None:
    config = yaml.safe_load(with_kubelogin(FROM_AKS, "workloadidentity", SERVER))
    (user,) = config["users"]
    assert user["name"] == "clusterUser_rg_aks"
    assert user["user"].keys() == {"exec"}
    assert user["user"]["exec"]["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert user["user"]["exec"]["command"] == "kubelogin"
    assert user["user"]["exec"]["args"] == ["get-token", "--login", "workloadidentity", "--server-id", SERVER]


def test_no_sign_in_is_interactive() -> None:
    config = yaml.safe_load(with_kubelogin(FROM_AKS, "azurecli", SERVER))
    assert config["users"][0]["user"]["exec"]["interactiveMode"] == "Never"
    assert "devicecode" not in str(config)


def test_everything_else_is_unchanged() -> None:
    before, after = yaml.safe_load(FROM_AKS), yaml.safe_load(with_kubelogin(FROM_AKS, "azurecli", SERVER))
    assert {key: value for key, value in after.items() if key != "users"} == {
        key: value for key, value in before.items() if key != "users"
    }


def test_static_credentials_of_a_user_are_dropped() -> None:
    admin = FROM_AKS.replace("    exec:", "    token: made-up\n    exec:")
    assert "made-up" not in with_kubelogin(admin, "azurecli", SERVER)


def test_same_text_every_time() -> None:
    assert with_kubelogin(FROM_AKS, "msi", SERVER) == with_kubelogin(FROM_AKS, "msi", SERVER)


@pytest.mark.parametrize("text", ["", "no mapping", "kind: Config", "users: []"])
def test_text_that_is_not_a_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no users"):
        with_kubelogin(text, "azurecli", SERVER)
