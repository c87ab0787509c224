# The trainer: Python alone, with the packages of training/requirements.txt.
FROM python:3.11-slim
ENV TZ=UTC PYTHONPATH=/corro/training PYTHONDONTWRITEBYTECODE=1
WORKDIR /corro
COPY training/requirements.txt training/requirements.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r training/requirements.txt
COPY training/corro_training training/corro_training
RUN useradd --create-home corro && mkdir /data && chown corro:corro /data
USER corro
CMD ["python", "-m", "corro_training.worker"]
