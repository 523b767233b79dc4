# kclhost with the MultiLangDaemon it serves: one image for a fleet.
#
#   docker build -t kclhost .
#   docker run -v ./my-plugins:/plugins:ro -v ./kclhost.yaml:/etc/kclhost/kclhost.yaml:ro kclhost
#
# Plugins belong to root or to uid 10001, and the configuration has plugins_dir: ${KCLHOST_PLUGINS_DIR}, jars: ${KCLHOST_JARS}
# and state_dir: ${KCLHOST_STATE_DIR} as config/kclhost.yaml does. Without volumes it counts words with plugins/word_counter.
# Credentials and region come from where every AWS SDK looks for them. SIGTERM ends it gracefully; give it time for that
# (docker stop --time 60), and /var/lib/kclhost a volume that outlives the container: dead letters are there.

# The Debian that it is made of and made on: bookworm (12) or trixie (13).
ARG DEBIAN=bookworm

# Where it runs.
FROM debian:${DEBIAN}-slim AS runtime
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates libcurl4 libssl3 >/dev/null \
    && rm -rf /var/lib/apt/lists/*

# Java, and what fetches the daemon.
FROM runtime AS jdk
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jdk-headless maven >/dev/null
# No more of Java than the daemon's jars use. java.desktop has java.beans; java.sql and java.security.jgss are mentioned by
# libraries; jdk.crypto.ec and jdk.naming.dns are for TLS and DNS; java.instrument, jdk.jfr and jdk.management.agent let an
# agent, a profiler or JMX look inside. The certificates are Debian's.
RUN jlink --output /opt/java --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 --add-modules \
      java.base,java.desktop,java.instrument,java.logging,java.management,java.naming,java.security.jgss,java.sql,java.xml,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.unsupported \
    && cp -L /etc/ssl/certs/java/cacerts /opt/java/lib/security/cacerts

# The program and the sample plugin.
FROM debian:${DEBIAN}-slim AS build
WORKDIR /src
COPY scripts/install-deps scripts/
RUN scripts/install-deps build && apt-get install -y -qq --no-install-recommends ccache >/dev/null
COPY . .
RUN --mount=type=cache,id=kclhost-ccache,target=/root/.cache/ccache \
    cmake --preset release -DKCLHOST_BUILD_TESTS=OFF >/dev/null \
    && cmake --build --preset release -- --quiet \
    && DESTDIR=/stage cmake --install build/release --strip >/dev/null \
    && mkdir /stage/plugins && mv /stage/usr/local/lib/kclhost/plugins/word_counter.so /stage/plugins/ \
    && rm -r /stage/usr/local/include /stage/usr/local/lib

# What the pom pins. The class archive is made below: a copy of a jar has a time of its own, and an archive fits no copies.
FROM jdk AS daemon
COPY --from=build /stage/usr/local /usr/local
RUN --mount=type=cache,id=kclhost-maven,target=/root/.m2/repository \
    kclhost fetch-daemon --to /opt/kclhost/jars && rm /opt/kclhost/jars/classes.jsa

FROM runtime
RUN useradd --system --uid 10001 --home-dir /var/lib/kclhost kclhost && install -d -o kclhost /var/lib/kclhost
COPY --from=jdk /opt/java /opt/java
COPY --from=daemon /opt/kclhost/jars /opt/kclhost/jars
COPY config/kclhost.yaml /etc/kclhost/kclhost.yaml
COPY config/daemon/logback.xml /etc/kclhost/daemon/logback.xml
COPY --from=build /stage/plugins /plugins
COPY --from=build /stage/usr/local /usr/local
ENV KCLHOST_PLUGINS_DIR=/plugins KCLHOST_STATE_DIR=/var/lib/kclhost KCLHOST_JARS=/opt/kclhost/jars
ENV PATH=/opt/java/bin:$PATH
RUN kclhost fetch-daemon --to /opt/kclhost/jars && test -f /opt/kclhost/jars/classes.jsa
VOLUME ["/plugins", "/etc/kclhost", "/var/lib/kclhost"]
USER kclhost
WORKDIR /var/lib/kclhost
STOPSIGNAL SIGTERM
ENTRYPOINT ["kclhost", "launch", "--config", "/etc/kclhost/kclhost.yaml"]
