"""How gunicorn serves VaxPass: `gunicorn vaxpass.wsgi` reads this file (docs/operations.md)."""

import multiprocessing
import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
# One request a worker at a time: the work is Python's and the driver's, and neither shares a core.
worker_class = "sync"
workers = int(os.environ.get("WEB_CONCURRENCY", multiprocessing.cpu_count() * 2))
# A request that takes longer is stuck; its worker is replaced.
timeout = int(os.environ.get("WORKER_TIMEOUT", "60"))
# On SIGTERM requests under way get this long to end.
graceful_timeout = 30
# Workers are replaced now and then, not all at once, so that a leak stays small.
max_requests = 20_000
max_requests_jitter = 2_000
# Longer ones are refused; a cursor of a list and a token fit.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# Heartbeats of workers on a disk would stop them when it is slow.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Who may set X-Forwarded-Proto is decided by TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Requests stand in the log of VaxPass if at all: paths name patients.
accesslog = None
errorlog = "-"
