# shellcheck shell=sh
# The steps of image builds that need the network; mounted into RUN instructions, never part of an image.
# Two build secrets, each optional: `ca`, the host's CA bundle (a network may re-sign TLS), and `net`, its package index and proxy settings.
set -eu
ca=
# shellcheck disable=SC1091
if [ -f /run/secrets/net ]; then . /run/secrets/net; fi
if [ -f /run/secrets/ca ]; then
  ca=/run/secrets/ca
  export SSL_CERT_FILE=$ca PIP_CERT=$ca
fi
export DEBIAN_FRONTEND=noninteractive

# apt's own user may not read secrets; translations are of no use here.
apt() { apt-get -q -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2 -o DPkg::Options::=--force-unsafe-io ${ca:+-o Acquire::https::CAInfo=$ca} "$@"; }

step=$1
shift
case $step in
  lists)
    apt update
    ;;
  install) # PACKAGE...
    apt install -y --no-install-recommends "$@"
    rm -rf /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
    ;;
  stress-ng) # DESTINATION: the program and the libraries it links; its package would pull 200 MB of graphics drivers
    mkdir /unpacked
    apt install -y --no-install-recommends --download-only stress-ng
    for package in /var/cache/apt/archives/*.deb; do dpkg -x "$package" /unpacked; done
    libraries=$(echo /unpacked/usr/lib/*-linux-gnu*)
    mkdir -p "$1/usr/bin" "$1${libraries#/unpacked}"
    cp /unpacked/usr/bin/stress-ng "$1/usr/bin/"
    LD_LIBRARY_PATH=$libraries ldd /unpacked/usr/bin/stress-ng | awk '$3 ~ "^/unpacked/" { print $3 }' | xargs cp -Lt "$1${libraries#/unpacked}"
    ;;
  python) # VENV LOCK: a virtual environment without pip, of exactly what the lock file names
    python3 -m venv /pip
    python3 -m venv --without-pip "$1"
    /pip/bin/pip --python "$1/bin/python" install --disable-pip-version-check --no-cache-dir --only-binary :all: --require-hashes -r "$2"
    ;;
  go) # MODULE_FOLDER PACKAGE OUTPUT LDFLAGS: versions and hashes come from go.mod and go.sum, Go's own where Debian's Go is too old for them
    cd "$1"
    GOTOOLCHAIN=auto CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w $4" -o "$3" "$2"
    ;;
  go-test) # MODULE_FOLDER
    cd "$1"
    GOTOOLCHAIN=auto CGO_ENABLED=0 go test -mod=readonly -trimpath -ldflags "-s -w" ./...
    ;;
  *)
    echo "unknown step: $step" >&2
    exit 2
    ;;
esac
