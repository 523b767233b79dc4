"""config/daemon/pom.xml leaves out jars of the daemon's: everything that the daemon can reach is in the others."""
import re

import pytest

import fetch
from class_files import Jars

# The Glue Schema Registry's deserializer, which a program may give to the KCL, and the daemon has no property for. Its own
# jars are there, because the KCL's classes mention it; what it needs in turn is what is left out.
GLUE = "com/amazonaws/services/schemaregistry/"
# What Java itself brings, and what libraries use where somebody adds it; the daemon comes without.
JAVA = ("java/", "javax/crypto/", "javax/lang/", "javax/management/", "javax/naming/", "javax/net/", "javax/script/",
        "javax/security/", "javax/sql/", "javax/xml/", "jdk/", "sun/", "com/sun/", "org/ietf/jgss/", "org/w3c/dom/",
        "org/xml/sax/")
OPTIONAL = ("io/netty/internal/tcnative/", "javax/mail/", "javax/servlet/", "lombok/", "org/apache/log4j/", "org/apache/logging/",
            "org/bouncycastle/", "org/codehaus/", "org/conscrypt/", "org/eclipse/jetty/", "software/amazon/awssdk/crt/")
# What the daemon loads by names that users write: the logging, and the credentials providers of the SDK.
BY_NAME = re.compile(r"ch/qos/logback/.*|software/amazon/awssdk/.*CredentialsProvider|software/amazon/kinesis/multilang/.*")


@pytest.fixture(scope="module")
def jars():
    return Jars(fetch.daemon())


@pytest.fixture(scope="module")
def reachable(jars):
    return jars.reachable([name for name in jars.files if BY_NAME.fullmatch(name)], stop=(GLUE,))


def way(reachable, name):
    steps = []
    while name:
        steps.append(name)
        name = reachable[name]
    return " <- ".join(steps)


def test_what_can_be_configured_is_reachable(reachable):
    for name in ["retrieval/fanout/FanOutRecordsPublisher", "retrieval/polling/PrefetchRecordsPublisher",
                 "retrieval/AggregatorUtil", "retrieval/kpl/Messages", "metrics/CloudWatchMetricsFactory"]:
        assert f"software/amazon/kinesis/{name}" in reachable
    for name in ["services/sts/auth/StsAssumeRoleCredentialsProvider", "services/sts/auth/StsWebIdentityTokenFileCredentialsProvider",
                 "services/cloudwatch/CloudWatchAsyncClient", "http/apache/ApacheHttpClient", "http/nio/netty/NettyNioAsyncHttpClient"]:
        assert f"software/amazon/awssdk/{name}" in reachable


def test_nothing_reachable_is_missing(jars, reachable):
    missing = [name for name in reachable if "/" in name and name not in jars.files and not name.startswith(JAVA + OPTIONAL)]
    assert not missing, "\n".join(way(reachable, name) for name in missing)


def test_what_the_kcl_mentions_of_glue_is_there(jars, reachable):
    mentioned = [name for name in reachable if name.startswith(GLUE)]
    assert mentioned and not [name for name in mentioned if name not in jars.files]
