# dsqn with NEST 2.20 beside NEST 3, for cross-checks: docker build -t dsqn-nest2 -f docker/nest2.Dockerfile .
# NEST 2 needs packages of its own time, hence an interpreter of its own: --simulator nest2 runs in it.
FROM mambaorg/micromamba:2-debian12-slim AS micromamba

FROM dsqn
COPY --from=micromamba /bin/micromamba /usr/local/bin/micromamba
RUN micromamba create --yes --root-prefix /opt/micromamba --prefix /opt/nest2 --channel conda-forge \
      nest-simulator=2.20 numpy six pyzmq msgpack-python \
 && micromamba clean --yes --all
ENV DSQN_NEST2_PYTHON=/opt/nest2/bin/python
