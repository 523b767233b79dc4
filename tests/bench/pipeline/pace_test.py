"""The pace is what the daemon's properties say."""
import pytest

from pace import Pace

PROPERTIES = """\
executableName = /usr/bin/kclhost run --config /etc/kclhost.yaml
idleTimeBetweenReadsInMillis = 1000
maxRecords = 2000
millisBehindLatestThresholdForReducedTps = 1500
"""


def test_the_daemons_properties():
    assert Pace.of_properties(PROPERTIES) == Pace(records=2000, pause=1000, quiet=1500)


def test_properties_that_tell_no_pace():
    with pytest.raises(RuntimeError, match="maxRecords"):
        Pace.of_properties(PROPERTIES.replace("maxRecords", "maxLeasesForWorker"))
