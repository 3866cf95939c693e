# Also what a Hugging Face Space (SDK: docker) builds. See docs/hosting.md.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 1000 lab
WORKDIR /home/lab/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=lab . .
RUN mkdir -p static /data && chown lab static /data
USER lab

ENV HOSTED=1 \
    DATABASE_URL=sqlite:////data/results.db \
    PYTHONUNBUFFERED=1
EXPOSE 8501
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
