"""An installed kclhost, and an empty folder with nothing else."""
import os
import pathlib
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ["KCLHOST_BUILD_DIR"])


class User:
    """Has kclhost on the PATH, and the packages that a project's README names."""

    def __init__(self, prefix, home):
        self.prefix, self.home = prefix, home
        self.environment = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8",
                            **{name: os.environ[name] for name in ("CC", "CXX") if name in os.environ}}
        if shutil.which("ccache"):
            self.environment |= {f"CMAKE_{language}_COMPILER_LAUNCHER": "ccache" for language in ("C", "CXX")}

    def run(self, *command, cwd=None, code=0, umask=0o022, **environment):
        done = subprocess.run([str(word) for word in command], cwd=cwd or self.home, env=self.environment | environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=umask,
                              check=False)
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def sh(self, *lines, cwd=None, **more):
        return self.run("sh", "-ec", "\n".join(lines), cwd=cwd, **more)


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    done = subprocess.run([os.environ["KCLHOST_CMAKE"], "--install", BUILD, "--prefix", folder], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def user(prefix, tmp_path):
    return User(prefix, tmp_path)
