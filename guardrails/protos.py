"""Envoy's messages as the package xds-protos has them: made at run time, so that no type checker knows their fields."""

from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.extensions.filters.http.ext_proc.v3 import processing_mode_pb2
from envoy.service.ext_proc.v3 import external_processor_pb2
from envoy.type.v3 import http_status_pb2
from google.protobuf import struct_pb2

core: Any = base_pb2
ext_proc: Any = external_processor_pb2
modes: Any = processing_mode_pb2
statuses: Any = http_status_pb2
structs: Any = struct_pb2
