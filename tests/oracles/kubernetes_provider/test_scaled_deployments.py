"""What our double of the provider is tested for with KEDA holds on the real one: the same tests."""

import pytest

from tests.cluster.conftest import keda, scaled
from tests.cluster.test_keda import (
    test_keda_s_finalizer_holds_its_objects,
    test_what_keda_writes_into_its_object_is_no_change,
)
from tests.cluster.test_keda_updates import (
    test_a_new_burst_has_no_pod_and_keeps_those_that_it_has_got,
    test_a_stack_that_declared_no_number_keeps_its_pods_when_it_declares_one,
    test_new_bounds_come_before_the_number_that_they_allow,
    test_the_engine_leaves_the_replicas_to_keda,
)

__all__ = [
    "keda",
    "scaled",
    "test_a_new_burst_has_no_pod_and_keeps_those_that_it_has_got",
    "test_a_stack_that_declared_no_number_keeps_its_pods_when_it_declares_one",
    "test_keda_s_finalizer_holds_its_objects",
    "test_new_bounds_come_before_the_number_that_they_allow",
    "test_the_engine_leaves_the_replicas_to_keda",
    "test_what_keda_writes_into_its_object_is_no_change",
]
pytestmark = pytest.mark.cluster
