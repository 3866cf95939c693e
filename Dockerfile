# Also what a Hugging Face Space (SDK: docker) builds. See docs/hosting.md.
FROM python:3.11-slim-bookworm

# Spaces run a container as user 1000.
RUN useradd --create-home --uid 1000 lab
WORKDIR /home/lab/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
# The code stays root's: a running container writes to its database, to /data, to /tmp and to its own log. So bytecode
# is made now.
RUN python -m compileall -q . \
    && mkdir -p /data /home/lab/database && chown lab /data /home/lab/database
USER lab

# WORKERS: a container sees the machine's cores and memory, not its own limits.
# DATABASE_URL: on the container's own disk, because /data may be a mounted bucket, where SQLite would be damaged.
ENV HOSTED=1 \
    WORKERS=2 \
    DATABASE_URL=sqlite:////home/lab/database/results.db \
    DATABASE_COPY=/data/results.db \
    XDG_CACHE_HOME=/data/cache \
    KERAS_HOME=/data/keras \
    PYTHONUNBUFFERED=1
EXPOSE 8501
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
