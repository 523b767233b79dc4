# kclhost with the MultiLangDaemon it serves: one image for a fleet.
#
#   docker build -t kclhost .
#   docker run -v ./my-plugins:/plugins:ro -v ./kclhost.yaml:/etc/kclhost/kclhost.yaml:ro kclhost
#
# Without volumes it counts words with plugins/word_counter. SIGTERM ends it gracefully; give it time for that
# (docker stop --time 60).

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install-deps scripts/
RUN scripts/install-deps build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DKCLHOST_BUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr/local \
    && cmake --build --preset release \
    && DESTDIR=/stage cmake --install build/release --strip

FROM debian:bookworm-slim AS daemon
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends maven openjdk-17-jre-headless ca-certificates >/dev/null
COPY config/daemon/pom.xml /
RUN mvn --batch-mode --quiet --file /pom.xml dependency:copy-dependencies -DoutputDirectory=/jars

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless ca-certificates \
         libyaml-cpp0.7 libspdlog1.10 libcurl4 libssl3 >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/kclhost --create-home kclhost
COPY --from=daemon /jars /opt/kclhost/jars
COPY --from=build /stage/usr/local /usr/local
COPY config/kclhost.yaml /etc/kclhost/kclhost.yaml
COPY config/daemon/logback.xml /etc/kclhost/daemon/logback.xml
RUN mkdir /plugins && cp /usr/local/lib/*/kclhost/plugins/word_counter.so /plugins/
ENV KCLHOST_PLUGINS_DIR=/plugins KCLHOST_STATE_DIR=/var/lib/kclhost KCLHOST_JARS=/opt/kclhost/jars
VOLUME ["/plugins", "/etc/kclhost", "/var/lib/kclhost"]
USER kclhost
WORKDIR /var/lib/kclhost
STOPSIGNAL SIGTERM
ENTRYPOINT ["kclhost", "launch", "--config", "/etc/kclhost/kclhost.yaml"]
