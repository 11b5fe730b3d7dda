# Sourced by .ci/run: what stands beside the tests, and is not ours.
#
#   STILTS   votlint and taplint, the judges of our VOTables and of the sandbox's TAP (needs Java)
#   DaCHS    the server that most VO data centres run; its set-up is beside the test data, in
#            SKYATLAS_DACHS_SETUP (default ../shared/dachs). SKYATLAS_DACHS names one that runs,
#            SKYATLAS_DACHS_FILES the folder of the files that it was given.

MISSING=""
DACHS_COPY=""

companions_up() {
    stilts_up || MISSING="$MISSING STILTS"
    dachs_up || MISSING="$MISSING DaCHS"
    companions_said
}

companions_said() {
    for one in $MISSING; do
        echo "############ NOT RUN: the tests against $one, which is not on this machine ############"
    done
}

stilts_up() {
    command -v stilts >/dev/null && return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "installing STILTS"
    { timeout 600 apt-get -q update && DEBIAN_FRONTEND=noninteractive timeout 900 apt-get -q -y \
        -o DPkg::Lock::Timeout=300 install --no-install-recommends stilts default-jre-headless
    } >/dev/null 2>&1 || return 1
    command -v stilts >/dev/null
}

dachs_up() {
    [ -z "${SKYATLAS_DACHS:-}" ] || return 0
    setup=${SKYATLAS_DACHS_SETUP:-../shared/dachs}
    [ -x "$setup/dachs-up" ] || return 1
    # Its folder may be read-only, and its server runs as another user, who must reach the state.
    DACHS_COPY=$(mktemp -d /var/tmp/dachs.XXXXXX) && chmod 755 "$DACHS_COPY" || return 1
    cp -R "$setup/." "$DACHS_COPY/setup" && chmod -R u+w "$DACHS_COPY/setup" || return 1
    DACHS_STATE=$DACHS_COPY/state
    DACHS_PORT=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export DACHS_STATE DACHS_PORT
    echo "starting DaCHS"
    timeout 1500 "$DACHS_COPY/setup/dachs-up" >"$DACHS_COPY/urls" 2>"$DACHS_COPY/said" || {
        tail -n 5 "$DACHS_COPY/said"
        return 1
    }
    SKYATLAS_DACHS=http://127.0.0.1:$DACHS_PORT
    SKYATLAS_DACHS_FILES=$DACHS_STATE/gavo/inputs
    export SKYATLAS_DACHS SKYATLAS_DACHS_FILES
}

companions_down() {
    [ -n "$DACHS_COPY" ] || return 0
    "$DACHS_COPY/setup/dachs-down" >/dev/null 2>&1 || true
    rm -rf "$DACHS_COPY"
}
