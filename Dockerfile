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
    && apt-get install -y -qq --no-install-recommends default-jre-headless ca-certificates \
         libcurl4 libssl3 >/dev/null \
    && rm -rf /var/lib/apt/lists/*

# What the pom pins.
FROM runtime AS daemon
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends maven >/dev/null
COPY config/daemon/pom.xml /
RUN --mount=type=cache,id=kclhost-maven,target=/root/.m2/repository \
    mvn -B -q -ntp -f /pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/jars

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

FROM runtime
RUN useradd --system --uid 10001 --home-dir /var/lib/kclhost kclhost && install -d -o kclhost /var/lib/kclhost
COPY --from=daemon /jars /opt/kclhost/jars
COPY config/kclhost.yaml /etc/kclhost/kclhost.yaml
COPY config/daemon/logback.xml /etc/kclhost/daemon/logback.xml
COPY --from=build /stage/plugins /plugins
COPY --from=build /stage/usr/local /usr/local
ENV KCLHOST_PLUGINS_DIR=/plugins KCLHOST_STATE_DIR=/var/lib/kclhost KCLHOST_JARS=/opt/kclhost/jars
VOLUME ["/plugins", "/etc/kclhost", "/var/lib/kclhost"]
USER kclhost
WORKDIR /var/lib/kclhost
STOPSIGNAL SIGTERM
ENTRYPOINT ["kclhost", "launch", "--config", "/etc/kclhost/kclhost.yaml"]
