import socket
import subprocess

import pytest

from tests.ports import two_free_ports
from tests.sandbox.conftest import RunningDemo


pytestmark = pytest.mark.processes


@pytest.mark.parametrize("taken", [0, 1])
def test_a_taken_port_is_refused_with_a_way_out(tmp_path, taken):
    port = two_free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + taken))
        other.listen()
        demo = RunningDemo(tmp_path, port)
        assert demo.process.wait(60) == 1
    assert f"Port {port + taken}" in demo.said()
    assert f"make demo PORT={port + 100}" in demo.said()
    assert not (tmp_path / "sandbox.db").exists()


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path):
    with subprocess.Popen(["flock", str(tmp_path / "demo.lock"), "sleep", "60"]) as holder:
        try:
            demo = RunningDemo(tmp_path)
            assert demo.process.wait(60) == 1
        finally:
            holder.kill()
    assert "is running in" in demo.said()
