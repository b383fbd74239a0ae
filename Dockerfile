# One image, three programs: zombie-operator (default), zombie-agent and zombies.
#
#   docker build --tag zombie-operator .
#
# BASE is any Debian or Ubuntu image with python3 >= 3.11 and its venv module. The short name leaves it to the builder's
# configuration from where it comes. To pin it, or to take it from a registry of your own, give a full name:
#
#   docker build --build-arg BASE=python:3.13-slim@sha256:DIGEST --tag zombie-operator .
#   make image BASE=registry.example/python:3.13-slim
#
# Builder and result start from the same base, so the virtual environment finds its interpreter wherever that base
# keeps it. A private package index and its certificates come as build secrets (`pip.conf`, `ca.pem`; see deploy/image)
# and leave no trace in any layer.
ARG BASE=python:3.13-slim

# The locked dependencies: this stage changes with the locks only.
FROM ${BASE} AS dependencies
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.txt deploy/image/requirements-build.txt ./
# The generated models and APIs of the Kubernetes client are never imported, so their byte code would be dead weight.
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.pem \
    python3 -m venv tools \
 && tools/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements-build.txt \
 && python3 -m venv --without-pip /opt/zombie-operator \
 && tools/bin/pip --python /opt/zombie-operator/bin/python install --quiet --no-compile \
      --require-hashes --only-binary :all: --requirement requirements.txt \
 && /opt/zombie-operator/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      -x '/kubernetes/(aio/)?client/(models|api)/' /opt/zombie-operator

# The project's own wheel, installed beside its dependencies but into a folder of its own: one small layer.
FROM dependencies AS package
COPY pyproject.toml LICENSE ./
COPY operator operator
# The readme is the long description of the published package; here it would only spoil the build cache.
RUN touch README.md \
 && tools/bin/python -m hatchling build --target wheel --directory dist \
 && tools/bin/pip --python /opt/zombie-operator/bin/python install --quiet --no-compile \
      --no-warn-script-location --no-index --no-deps --root /build/root dist/*.whl \
 && /opt/zombie-operator/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      -s /build/root -p / /build/root/opt/zombie-operator

FROM ${BASE}
COPY --from=dependencies /opt/zombie-operator /opt/zombie-operator
COPY --from=package /build/root/ /
ENV PATH=/opt/zombie-operator/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1
# Importing every module once proves that the image is complete, and leaves the byte code of the standard library's
# part that we use: some bases ship none, and a read-only root file system could never keep it.
RUN echo 'zombie-operator:x:65532:65532::/:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'zombie-operator:x:65532:' >> /etc/group \
 && python -c "from importlib import import_module as load; from pkgutil import walk_packages; \
import zombie_operator as z; [load(m.name) for m in walk_packages(z.__path__, z.__name__ + '.', onerror=load)]"
ENV PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /
ENTRYPOINT ["zombie-operator"]
ARG VERSION=0.0.0
ARG REVISION=
LABEL org.opencontainers.image.title="Zombie Operator" \
      org.opencontainers.image.description="Finds Kubernetes workloads that leak zombie processes, says why, cures the cause and proves it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
