# vidtext as a container: `docker build -t vidtext . && docker run --rm -p 7860:7860 --memory 8g vidtext`.
# docs/deploy.md tells the rest.
FROM python:3.11-slim

# Nobody who takes the process over is root.
RUN useradd --uid 1000 --create-home vidtext
WORKDIR /home/vidtext/app

# A CPU build of PyTorch is a tenth of the usual one: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_INDEX=
COPY requirements.txt ./
RUN python3 -m pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url ${TORCH_INDEX}} -r requirements.txt

COPY app.py ./
COPY vidtext ./vidtext

USER vidtext
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 HF_HOME=/home/vidtext/hub PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz')"]
# As the first process, so that `docker stop` reaches it: it ends its work and its files within ten seconds.
CMD ["python3", "app.py"]
