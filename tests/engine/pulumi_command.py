"""A `pulumi` for steps of pipelines: the real engine with what can't be had beside it.

The engine's plugin for Python is no Go module. As the Automation API does, the program runs in a server of its own,
whose address the engine gets (`--client`), and the policies are a program instead of a folder. Everything else is the
engine's own command line.
"""

import stat
import sys
from pathlib import Path

from tests.engine.platform_stacks import REPOSITORY
from tests.engine.policy_environment import POLICIES, program

_SCRIPT = """#!{python}
import os, subprocess, sys
from concurrent import futures
sys.path.insert(0, {repository!r})
arguments = [{pack!r} if each == {policies!r} else each for each in sys.argv[1:]]
server = None
if arguments[:1] and arguments[0] in ("preview", "up", "refresh"):
    import grpc
    from pulumi.automation._server import LanguageServer
    from pulumi.runtime.proto import language_pb2_grpc
    from rehearsal.engine import callable_of
    from pathlib import Path
    workers = futures.ThreadPoolExecutor(max_workers=4)
    server = grpc.server(workers, options=[("grpc.max_receive_message_length", 1 << 28)])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(callable_of(Path({main!r}))), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    arguments += [f"--client=127.0.0.1:{{port}}", "--exec-kind", "auto.inline"]
status = subprocess.run([{engine!r}, *arguments]).returncode
if server is not None:
    server.stop(0)
sys.stdout.flush()
os._exit(status)
"""


def pulumi_command(folder: Path, engine: Path) -> Path:
    """A folder for the search path in which `pulumi` is this command."""
    place = folder / "bin"
    place.mkdir()
    script = place / "pulumi"
    script.write_text(
        _SCRIPT.format(
            python=sys.executable, repository=str(REPOSITORY), main=str(REPOSITORY / "__main__.py"), engine=str(engine),
            policies=str(POLICIES), pack=str(program(folder)),
        ),
        encoding="utf-8",
    )  # fmt: skip
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return place
