# kclhost with the MultiLangDaemon it serves: one image for a fleet.
#
#   docker build -t kclhost .
#   docker run --read-only --tmpfs /tmp --stop-timeout 90 -v my-state:/var/lib/kclhost -v "$PWD/my-plugins:/plugins:ro" \
#     -v "$PWD/my-config:/etc/kclhost:ro" kclhost
#
# Plugins belong to root or to uid 10001, and the configuration has plugins_dir: ${KCLHOST_PLUGINS_DIR}, jars: ${KCLHOST_JARS}
# and state_dir: ${KCLHOST_STATE_DIR} as config/kclhost.yaml does. Without volumes it counts words with plugins/word_counter;
# plugins/archiver and plugins/http_forwarder are there, too.
# Credentials and region come from where every AWS SDK looks for them. SIGTERM ends it gracefully; give it time for that
# (--stop-timeout), and /var/lib/kclhost a volume that outlives the container: dead letters are there.
#
# There is no shell in it. `docker build --target debug -t kclhost-debug .` makes the same with a shell, apt, gdb, strace, the
# program's symbols and the JDK's tools (docs/daemon.md). `docker build --target sdk -t kclhost-sdk .` makes the one that plugins are
# built in (kclhost new).

# The Debian that it is made of and made on: bookworm (12) or trixie (13).
ARG DEBIAN=bookworm

# Java, and what fetches the daemon.
FROM debian:${DEBIAN}-slim AS jdk
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jdk-headless maven python3 >/dev/null
# No more of Java than the daemon's jars use. java.desktop has java.beans; java.sql and java.security.jgss are mentioned by
# libraries; jdk.crypto.ec and jdk.naming.dns are for TLS and DNS; java.instrument, jdk.jfr and jdk.management.agent let an
# agent, a profiler or JMX look inside. The files left out draw, print and play, and need libraries of their own for it. The
# certificates are Debian's.
RUN jlink --output /opt/java --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 \
      --exclude-files='**/libawt_xawt.so,**/libfontmanager.so,**/libjavajpeg.so,**/libjawt.so,**/libjsound.so,**/liblcms.so,**/libmlib_image.so,**/libsplashscreen.so' \
      --add-modules \
      java.base,java.desktop,java.instrument,java.logging,java.management,java.naming,java.security.jgss,java.sql,java.xml,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.unsupported \
    && cp -L /etc/ssl/certs/java/cacerts /opt/java/lib/security/cacerts
RUN jlink --output /opt/java-tools --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 \
      --add-modules jdk.jcmd

# The compilers, and the libraries that they link.
FROM debian:${DEBIAN}-slim AS compiler
WORKDIR /src
COPY scripts/install-deps scripts/
RUN scripts/install-deps build && apt-get install -y -qq --no-install-recommends ccache libgtest-dev >/dev/null

# The programs, the plugins that come with them, and their symbols.
FROM compiler AS build
COPY . .
RUN --mount=type=cache,id=kclhost-ccache,target=/root/.cache/ccache \
    cmake --preset release -DKCLHOST_BUILD_TESTS=OFF >/dev/null \
    && cmake --build --preset release -- --quiet \
    && DESTDIR=/stage cmake --install build/release --strip >/dev/null && cp -a /stage /installed \
    && mkdir /stage/plugins && cd /stage/usr/local/lib/kclhost/plugins && mv word_counter.so archiver.so http_forwarder.so /stage/plugins/ \
    && rm -r /stage/usr/local/include /stage/usr/local/lib \
         /stage/usr/local/share/bash-completion /stage/usr/local/share/fish /stage/usr/local/share/zsh /stage/usr/local/share/kclhost/rust
# Under which licences the libraries are that the programs contain, and which they are.
RUN mkdir -p /stage/usr/local/share/doc/kclhost && cat packaging/copyright >/stage/usr/local/share/doc/kclhost/copyright \
    && scripts/third-party-notices >>/stage/usr/local/share/doc/kclhost/copyright && scripts/third-party-notices --list >/linked
# Where a debugger looks for them: under the program's build id.
RUN for file in build/release/bin/kclhost build/release/bin/kclhost-doctor build/release/bin/kclhost-prime build/release/bin/kclhost-put build/release/bin/kclhost-web build/release/plugins/word_counter.so build/release/plugins/archiver.so build/release/plugins/http_forwarder.so; do \
      id=$(readelf --notes $file | sed -n 's|.*Build ID: \(..\)|\1/|p') && to=/symbols/usr/lib/debug/.build-id/$id.debug \
      && mkdir -p "${to%/*}" && objcopy --only-keep-debug $file "$to" || exit; \
    done

# What plugins are built and tested in: with the libraries of the image that they run in.
FROM compiler AS sdk
COPY --from=build /installed /
ENV CMAKE_GENERATOR=Ninja

# What the pom pins. The class archive is made below: a copy of a jar has a time of its own, and an archive fits no copies.
FROM jdk AS daemon
COPY --from=build /stage/usr/local /usr/local
RUN --mount=type=cache,id=kclhost-maven,target=/root/.m2/repository \
    kclhost fetch-daemon --to /opt/kclhost/jars && rm /opt/kclhost/jars/classes.jsa

# What the jars are, by the plugin that CycloneDX has for Maven.
RUN --mount=type=cache,id=kclhost-maven,target=/root/.m2/repository \
    mvn -B -q -ntp -f /usr/local/share/kclhost/daemon/pom.xml org.cyclonedx:cyclonedx-maven-plugin:2.9.3:makeBom \
      -DoutputFormat=json -DoutputDirectory=/bom -DoutputName=jars

# Debian, the certificates, and the user that it runs as.
FROM debian:${DEBIAN}-slim AS base
RUN apt-get update -qq && apt-get upgrade -y -qq >/dev/null && apt-get install -y -qq --no-install-recommends ca-certificates >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/kclhost kclhost && install -d -o kclhost /var/lib/kclhost

# The packages of Debian that the programs need, and no others: without what is installed apt names the libraries that a library
# needs. Scanners for vulnerabilities find in status.d what they are. Most of glibc is its tables of character sets: of those that
# it needs for none but iconv() the common ones stay.
FROM base AS packages
RUN mkdir -p /image/usr/bin /image/usr/lib /image/usr/lib64 /image/usr/sbin /image/var/lib/dpkg/status.d /packages \
    && cp -a /bin /lib* /sbin /image/ && touch /nothing && cd /packages && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends --download-only -o Dir::State::status=/nothing -o Dir::Cache::archives=/packages \
         libcurl4 libmicrohttpd12 libstdc++6 zlib1g >/dev/null \
    && apt-get download -qq base-files libc-bin tzdata \
    && for package in *.deb; do \
         dpkg-deb --fsys-tarfile "$package" | tar -x -C /image --keep-directory-symlink \
           --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/lintian' --exclude='./usr/share/zoneinfo/right' \
           --exclude=./bin --exclude=./sbin --exclude=./usr/bin --exclude=./usr/sbin \
         && dpkg-deb --field "$package" >"/image/var/lib/dpkg/status.d/$(dpkg-deb --field "$package" Package)" || exit; \
       done \
    && find /image/usr/share/doc -type f ! -name copyright -delete \
    && cd /image/usr/lib/*/gconv && rm -rf gconv-modules.* \
    && find . -name '*.so' ! -name 'UTF-*' ! -name UNICODE.so ! -name ISO8859-1.so ! -name ISO8859-15.so ! -name CP1252.so -delete \
    && install -d -m 1777 /image/tmp /image/var/tmp && install -d -o kclhost /image/var/lib/kclhost \
    && install -d /image/etc/ssl/certs && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && for file in passwd group; do grep -E '^(root|nobody|nogroup|kclhost):' /etc/$file >/image/etc/$file; done \
    && cp /etc/nsswitch.conf /image/etc/ && ldconfig -r /image

# What all of it is made of, for those who look for vulnerabilities and licences.
FROM daemon AS sbom
COPY scripts/sbom /
COPY --from=build /linked /linked
COPY --from=packages /image/var/lib/dpkg/status.d /packages
RUN dpkg-query -W -f '${Package} ${Version}\n' 'openjdk-*-jre-headless' | grep ' .' >>/linked \
    && /sbom "$(kclhost --version | cut -d ' ' -f 2)" "$(. /etc/os-release && echo $VERSION_ID)" /bom/jars.json /packages /linked >/sbom.json

# What runs.
FROM scratch AS image
COPY --from=packages /image /
COPY --from=jdk /opt/java /opt/java
COPY --from=daemon /opt/kclhost/jars /opt/kclhost/jars
COPY --from=sbom /sbom.json /usr/local/share/doc/kclhost/sbom.cdx.json
COPY config/kclhost.yaml /etc/kclhost/kclhost.yaml
COPY config/daemon/logback.xml /etc/kclhost/daemon/logback.xml
COPY --from=build /stage/plugins /plugins
COPY --from=build /stage/usr/local /usr/local
ENV KCLHOST_PLUGINS_DIR=/plugins KCLHOST_STATE_DIR=/var/lib/kclhost KCLHOST_JARS=/opt/kclhost/jars
ENV PATH=/opt/java/bin:/usr/local/bin:/usr/bin:/bin
RUN --mount=type=bind,from=base,target=/mnt \
    ["/mnt/usr/bin/dash", "-ec", "kclhost fetch-daemon --to $KCLHOST_JARS; test -f $KCLHOST_JARS/classes.jsa"]
# What must outlive the container, and what is written to where the root is read-only. Not /plugins and /etc/kclhost: a volume that
# nobody names is a copy of the image's folder, made at each start, and what an image that is made of this one puts there may be lost.
VOLUME ["/var/lib/kclhost"]
# By number, so that it can be told from root.
USER 10001
WORKDIR /var/lib/kclhost
STOPSIGNAL SIGTERM
ENTRYPOINT ["kclhost", "launch", "--config", "/etc/kclhost/kclhost.yaml"]
# Whether launch and the daemon live. Not whether each shard gets on: starting anew would find the same record again.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["kclhost", "status", "--alive"]
LABEL org.opencontainers.image.title="kclhost" \
      org.opencontainers.image.description="A C++ plugin host for Kinesis record processors, with the MultiLangDaemon" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"

# What looks inside: the rest of Debian, and its tools.
FROM base AS tools
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends binutils gdb libcurl4 libmicrohttpd12 procps strace >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY --from=jdk /opt/java-tools /opt/java-tools
COPY --from=build /symbols /

# What runs, in the same files, with that over it.
FROM image AS debug
COPY --from=tools / /
ENV PATH=$PATH:/opt/java-tools/bin:/usr/sbin:/sbin

# Without --target, what runs.
FROM image
