"""kclhost and kclhost-put are two programs that look like one."""
import shutil
import subprocess

from conftest import BIN


def libraries(program):
    return subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout


def test_what_runs_once_per_shard_loads_no_http_client():
    assert "libcurl" in libraries(BIN / "kclhost-put")
    assert "libcurl" not in libraries(BIN / "kclhost")


def test_the_other_half_is_found_beside_or_in_libexec(tmp_path):
    kclhost = tmp_path / "bin" / "kclhost"
    kclhost.parent.mkdir()
    shutil.copy(BIN / "kclhost", kclhost)

    def run():
        return subprocess.run([kclhost, "put", "a b", "--", "-p", ""], capture_output=True, text=True)

    missing = run()
    assert missing.returncode == 1
    assert "kclhost-put" in missing.stderr and str(kclhost.parent) in missing.stderr
    assert missing.stderr.count("\n") == 1

    for folder in (tmp_path / "libexec/kclhost", kclhost.parent):  # beside wins over libexec
        folder.mkdir(parents=True, exist_ok=True)
        other = folder / "kclhost-put"
        other.write_text(f'#!/bin/sh\nprintf "%s|" "{folder}" "$@"\nexit 7\n')
        other.chmod(0o755)
        found = run()
        assert found.returncode == 7
        assert found.stdout.endswith("|a b|--|-p||")
        assert folder.name in found.stdout
